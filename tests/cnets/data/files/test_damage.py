"""Flipped, cut and added bytes in every kind of file: one sentence, or a sound array."""

import gzip
import resource
import struct
import time

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from cnets.cameras import CAMERAS
from cnets.data.files import depth_files, label_files, matlab_files
from cnets.data.readers import centres, icvl


CASES = 60
"""Damaged files of each kind."""

MOST_MIB = 600
"""Most that reading all of them may add to the memory of the process."""


def png16(path, draw):
    """A grey frame of 16 bits."""
    depth = draw.integers(300, 900, (24, 32)).astype(np.uint16)
    Image.fromarray(depth).save(path, format="PNG")


def png_start(path, draw):
    """The header of a grey frame of 16 bits, and nothing behind it."""
    png16(path, draw)
    path.write_bytes(path.read_bytes()[:33])


def png_rgb(path, draw):
    """A frame in NYU's layout."""
    pixels = draw.integers(0, 9, (24, 32, 3)).astype(np.uint8)
    pixels[..., 0] = 0
    Image.fromarray(pixels).save(path, format="PNG")


def msra_bin(path, draw):
    """A frame in MSRA's layout."""
    patch = draw.uniform(300, 900, (10, 12)).astype("<f4")
    path.write_bytes(struct.pack("<6i", 32, 24, 4, 6, 16, 16) + patch.tobytes())


def text(path, draw):
    """Two joints a row."""
    rows = draw.uniform(100, 500, (6, 6)).round(3)
    path.write_text("\n".join(" ".join(map(str, row)) for row in rows.tolist()))


def text_gz(path, draw):
    """The same, gzipped."""
    text(path, draw)
    path.write_bytes(gzip.compress(path.read_bytes()))


def named_text(path, draw):
    """Names and 16 joints a row, and the images they name."""
    rows = draw.uniform(100, 300, (5, 48)).round(3).tolist()
    names = [f"s/image_{number:04d}.png" for number in range(5)]
    lines = [f"{n} {' '.join(map(str, r))}" for n, r in zip(names, rows, strict=True)]
    path.write_text("\n".join(lines))
    folder = path.parent / "Depth" / "s"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (path.parent / "Depth" / name).touch()


def joint_text(path, draw):
    """Four frames of 21 joints, z towards the viewer."""
    rows = -draw.uniform(100, 300, (4, 63)).round(3)
    lines = ["4", *(" ".join(map(str, row)) for row in rows.tolist())]
    path.write_text("\n".join(lines))


def tables(path, draw):
    """Three gzipped tables of 36 joints; the damaged one is that of u."""
    for axis in "uvd":
        rows = draw.uniform(100, 300, (4, 36)).round(2).tolist()
        data = "\n".join(",".join(map(str, row)) for row in rows).encode()
        (path.parent / f"joint_1_{axis}.csv.gz").write_bytes(gzip.compress(data))


def centre_mat(path, draw):
    """Six centres."""
    savemat(path, {"center_uvd": draw.uniform(100, 400, (6, 3))})


def centre_mat_small(path, draw):
    """Six centres, compressed, float32."""
    held = draw.uniform(100, 400, (6, 3)).astype(np.float32)
    savemat(path, {"center_uvd": held, "x": "y"}, do_compression=True)


def joint_mat(path, draw):
    """Labels in NYU's layout, with a cell array and a structure beside them."""
    cells = np.empty(2, object)
    cells[:] = ["thumb", "index"]
    held = {
        "joint_uvd": draw.uniform(100, 500, (3, 2, 36, 3)),
        "n": cells,
        "s": {"a": 1},
    }
    savemat(path, held)


def read_centres(path):
    """Six centres of frames without labels."""
    return centres.read(path, np.full((6, 1, 3), np.nan), CAMERAS["nyu"]).uvd


FILES = {
    "rgb.png": (png_rgb, depth_files.read_any),
    "grey.png": (png16, depth_files.read_any),
    "form.png": (png_start, depth_files.png_form),
    "a_depth.bin": (msra_bin, depth_files.read_any),
    "label.txt": (text, lambda path: label_files.uvd_text(path, 2)),
    "label.txt.gz": (text_gz, lambda path: label_files.uvd_text(path, 2)),
    "test_seq_1.txt": (
        named_text,
        lambda path: icvl.recording(path.parent, centres="auto").joints_mm,
    ),
    "joint.txt": (joint_text, label_files.msra_joints),
    "joint_1_u.csv.gz": (tables, lambda path: label_files.uvd_tables(path.parent)),
    "center.mat": (centre_mat, read_centres),
    "small.mat": (centre_mat_small, read_centres),
    "joint_data.mat": (joint_mat, lambda path: matlab_files.matrix(path, "joint_uvd")),
}
"""How a file of each kind is written, and how it is read."""


def damaged(whole, draw):
    """A file with bytes changed, set to an extreme, cut off, taken out or added."""
    data = bytearray(whole)
    at = int(draw.integers(len(data)))
    match draw.integers(6):
        case 0:
            return bytes(data[:at])
        case 1:
            for place in draw.integers(0, len(data), 4).tolist():
                data[place] ^= int(draw.integers(1, 256))
        case 2:
            data[at] ^= 1 << int(draw.integers(8))
        case 3:
            extreme = (b"\xff", b"\0", b"\x7f")[int(draw.integers(3))]
            data[at : at + 4] = extreme * 4
        case 4:
            del data[at : at + int(draw.integers(1, 40))]
        case _:
            data[at:at] = draw.bytes(int(draw.integers(1, 40)))
    return bytes(data)


class TestEveryFile:
    @pytest.mark.parametrize("name", FILES)
    def test_damage_is_one_sentence(self, tmp_path, name):
        """A damaged file is refused in one sentence that names it, or read as numbers.

        Whole, it is read; no damage makes the reader warn, take long or take memory.
        """
        write, read = FILES[name]
        draw = np.random.default_rng([ord(letter) for letter in name])
        path = tmp_path / name
        write(path, draw)
        read(path)
        whole, began = path.read_bytes(), time.monotonic()
        kept, errors = [], []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(CASES):
            path.write_bytes(damaged(whole, draw))
            try:
                kept.append(read(path))
            except ValueError as error:
                errors.append(error)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert not any(
            np.isinf(one).any() for one in kept if isinstance(one, np.ndarray)
        )
        for error in errors:
            said = str(error)
            assert type(error) is ValueError
            assert name in said
            assert said.isprintable()
            assert len(said) < 2 * len(str(path)) + 300
        assert len(errors) > CASES / 10
        assert grown < MOST_MIB * 1024
        assert time.monotonic() - began < 30
