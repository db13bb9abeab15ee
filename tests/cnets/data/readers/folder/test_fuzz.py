"""Random damage to tables, descriptions and frames: one sentence, or sound numbers."""

import json
import os
import random
import re

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from cnets.data.files import frame_files
from cnets.data.readers.folder import guess, reader


CASES = int(os.environ.get("CROSSNETS_FUZZ", "100"))

BITS = (
    *(
        "nan",
        "-1",
        "0",
        "1e999",
        "1e9",
        "-",
        ",",
        ";",
        "\t",
        '"',
        "\n",
        "\r",
        "\x00",
        "{",
    ),
    *(
        "[",
        "]",
        "}",
        "..",
        "/",
        "\\",
        "é",
        "\ud800",
        "null",
        "true",
        "=",
        "#",
        "0.5",
        "'",
    ),
    *(
        "inf",
        "_",
        "1_0",
        "9" * 20,
        "[[",
        "x = 1\n",
        "{frame",
        "}",
        " ",
        "png",
        "-y",
        "u",
    ),
)


def damaged(content, draw):
    """Some bytes with one to three places changed."""
    held = bytearray(content)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(held) + 1)
        match draw.randrange(4):
            case 0:
                held[at:at] = draw.choice(BITS).encode("utf-8", "surrogatepass")
            case 1:
                del held[at : at + draw.choice((1, 1, 3, 20, 200))]
            case 2 if at < len(held):
                held[at] = draw.randrange(256)
            case _:
                other = draw.randrange(len(held) + 1)
                held[at:at] = held[other : other + draw.choice((1, 10, 60))]
    return bytes(held)


def outcome(root, call):
    """The sentence of a refusal, or None; anything else that is raised fails."""
    try:
        call()
    except ValueError as error:
        sentence = str(error)
    else:
        return None
    assert str(root) in sentence
    return sentence


def check_open(root):
    """Open a folder; what is opened has sound numbers."""
    read = reader.recording(root, centres="labels")
    known = read.joints_mm[np.isfinite(read.joints_mm)]
    assert (read.joints_mm[..., 2][np.isfinite(read.joints_mm[..., 2])] >= 1).all()
    assert np.isfinite(known).all()
    gaps = np.isnan(read.joints_mm)
    assert (gaps.any(-1) == gaps.all(-1)).all()
    assert len(set(read.files)) == len(read.files) == len(read.joints_mm)
    assert all(path.is_file() and root in path.parents for path in read.files)


def forms(own):
    """The same set in every form: the table's bytes and its description."""
    joints = (own.joints_mm * [1, -1, 1]).round(4).tolist()
    rows = [
        {"frame": name, "joints": pose}
        for name, pose in zip(own.names(), joints, strict=True)
    ]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist(rows), sink)
    plain = "\n".join(
        f"{row['frame']} {' '.join(str(x) for joint in row['joints'] for x in joint)}"
        for row in rows
    )
    one = ('columns = "{joint}_{axis}"', 'columns = "joints"')
    pixels = [[32, 24, 2, 10, 40, 1, 60, 44, 2]] * 4 + [None]
    uv = (
        ('["x", "-y", "z"]', '["u", "v", "visible"]'),
        ('columns = "{joint}_{axis}"', 'columns = "keypoints"'),
    )
    return {
        "csv": ((own.root / "table").read_bytes(), ()),
        "jsonl": ("\n".join(map(json.dumps, rows)).encode(), (one,)),
        "text": (plain.encode(), (one,)),
        "coco": (own.coco(pixels).encode(), uv),
        "parquet": (sink.getvalue().to_pybytes(), (one,)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "jsonl", "text", "coco", "parquet"])
def test_tables(own, form):
    """A damaged table is refused with its name, or what is read of it is sound."""
    content, changes = forms(own)[form]
    own.describe(('"csv"', f'"{form}"'), *changes)
    (own.root / "table").write_bytes(content)
    check_open(own.root)
    draw, refused = random.Random(form), 0
    for _ in range(CASES):
        (own.root / "table").write_bytes(damaged(content, draw))
        refused += outcome(own.root, lambda: check_open(own.root)) is not None
    assert refused > CASES // 10


def test_descriptions(own):
    """A damaged description is refused with file and key, or is one that may be."""
    path = own.root / "dataset.toml"
    content, draw, refused = path.read_bytes(), random.Random(1), 0
    for _ in range(CASES):
        path.write_bytes(damaged(content, draw))
        refused += outcome(own.root, lambda: check_open(own.root)) is not None
    assert refused > CASES // 2


def test_values_of_descriptions(own):
    """Every key with values of other types and sizes: one sentence, or a sound set."""
    text = own.toml
    keys = re.findall(r"^\w+ = .*$", text, re.MULTILINE)
    others = (
        "-1",
        "0",
        "1e300",
        "nan",
        "inf",
        '""',
        "[]",
        "[1, 2]",
        '["a"]',
        "{}",
        "true",
    )
    for key in keys:
        for other in (
            *others,
            '"x"',
            "1979-05-27",
            "[[[[]]]]",
            '{ a = "b" }',
            "9" * 30,
        ):
            own.describe((key, f"{key.split(' =')[0]} = {other}"))
            outcome(own.root, lambda: check_open(own.root))


@pytest.mark.parametrize("ending", [".png", ".npy", ".tif"])
def test_frames(own, ending):
    """A damaged frame is refused with its name, or has depths of a frame."""
    from PIL import Image

    steps = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
    path = own.root / f"frame{ending}"
    np.save(path, steps) if ending == ".npy" else Image.fromarray(steps).save(path)
    content, draw = path.read_bytes(), random.Random(ending)
    form = frame_files.FrameForm(width_px=64, height_px=48)

    def read():
        frame_mm = form.read(path)
        assert frame_mm.shape == (48, 64)
        assert ((frame_mm >= 0) & (frame_mm <= 65535)).all()

    read()
    for _ in range(CASES):
        path.write_bytes(damaged(content, draw))
        outcome(path, read)


@pytest.mark.parametrize("form", ["csv", "jsonl", "coco"])
def test_first_descriptions(own, form):
    """`data init` of a damaged table: one sentence, or values."""
    content, _ = forms(own)[form]
    ending = {"csv": "csv", "jsonl": "jsonl", "coco": "json"}[form]
    (own.root / "table").unlink()
    path = own.root / f"table.{ending}"
    path.write_bytes(content)
    guess.look(own.root)
    draw = random.Random(form)
    for _ in range(CASES // 4):
        path.write_bytes(damaged(content, draw))
        outcome(own.root, lambda: guess.look(own.root))
