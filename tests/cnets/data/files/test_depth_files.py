"""Depth frames from files: real frames, frames made by hand, and what is no frame."""

import gzip
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cnets.data.files import depth_files


def grey_png(path, depth_mm):
    """A 16-bit grey PNG of whole millimetres."""
    Image.fromarray(np.asarray(depth_mm, np.uint16)).save(path, format="PNG")


def rgb_png(path, depth_mm, red=0):
    """A PNG in NYU's layout: green is the high byte, blue the low one."""
    depth_mm = np.asarray(depth_mm)
    planes = [np.full_like(depth_mm, red), depth_mm // 256, depth_mm % 256]
    Image.fromarray(np.stack(planes, -1).astype(np.uint8)).save(path, format="PNG")


def msra_bytes(size, box, patch):
    """An MSRA file: width, height, left, top, right, bottom, depths."""
    return struct.pack("<6i", *size, *box) + np.asarray(patch, "<f4").tobytes()


def chunk(name, data):
    """A part of a PNG with its checksum."""
    whole = name + data
    return len(data).to_bytes(4) + whole + zlib.crc32(whole).to_bytes(4)


class TestPng:
    def test_native_nyu_frame(self, realdata):
        """Green and blue are bytes of millimetres; 2001 of the file becomes 0."""
        path = realdata / "nyu" / "frames" / "depth_1_0000001.png"
        with Image.open(path) as image:
            raw = np.asarray(image).astype(int)
        truth = raw[..., 1] * 256 + raw[..., 2]
        frame = depth_files.read_any(path)
        assert frame.dtype == np.float32
        assert ((frame == 0) == (truth == 2001)).all()
        assert (frame[frame > 0] == truth[truth != 2001]).all()
        # The palm of row 0 of the labels is 706 mm away or less.
        assert 600 < frame[240:300, 150:270][frame[240:300, 150:270] > 0].min() < 800

    def test_native_grey_frames(self, realdata):
        """Real 16-bit frames come out as the decoder's whole numbers."""
        for name in ("hands17/image_D00000030.png", "kinect2_srn/00000001.png"):
            with Image.open(realdata / name) as image:
                truth = np.asarray(image).astype(int)
            frame = depth_files.read_any(realdata / name)
            np.testing.assert_array_equal(frame, truth)

    def test_by_hand(self, tmp_path):
        """High bytes count 256; 32001 is nothing in grey files, 2001 in RGB ones."""
        held = [[0, 255, 256], [2001, 32001, 65535]]
        grey, rgb = tmp_path / "grey.png", tmp_path / "rgb.png"
        grey_png(grey, held)
        rgb_png(rgb, held)
        found = depth_files.read_depth(grey, "mm").tolist()
        assert found == [[0, 255, 256], [2001, 0, 65535]]
        assert depth_files.read_depth(rgb, "nyu").tolist() == [
            [0, 255, 256],
            [0, 32001, 65535],
        ]
        assert depth_files.png_form(grey) == (3, 2, "mm")
        assert depth_files.png_form(rgb) == (3, 2, "nyu")

    def test_other_images_are_refused(self, tmp_path):
        """A JPEG called PNG, a photograph, 8 bits of grey, a palette, an alpha plane."""
        path = tmp_path / "a.png"
        black = Image.new("RGB", (8, 8))
        black.save(path, format="JPEG")
        with pytest.raises(ValueError, match=r"a\.png must be a PNG, and does not"):
            depth_files.read_any(path)
        rgb_png(path, np.full((4, 4), 700), red=90)
        with pytest.raises(ValueError, match=r"must be a depth frame, whose red is 0"):
            depth_files.read_any(path)
        for mode in ("L", "P", "RGBA", "1", "LA"):
            black.convert(mode).save(path, format="PNG")
            with pytest.raises(ValueError, match=r"8 bits \(NYU\) or a grey PNG of 16"):
                depth_files.read_any(path)
        grey_png(path, np.ones((4, 4)))
        with pytest.raises(
            ValueError, match=r"must be an RGB PNG .* and is a grey PNG"
        ):
            depth_files.read_depth(path, "nyu")
        rgb_png(path, np.ones((4, 4)))
        with pytest.raises(
            ValueError, match=r"must be a grey PNG .* and is an RGB PNG"
        ):
            depth_files.read_depth(path, "mm")

    def test_every_cut_is_noticed(self, tmp_path):
        """A PNG that lacks its last bytes, however many, is never a frame."""
        path = tmp_path / "a.png"
        grey_png(path, np.arange(64).reshape(8, 8) * 100)
        whole = path.read_bytes()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(ValueError, match=r"a\.png must "):
                depth_files.read_any(path)

    def test_every_flipped_byte_is_noticed(self, tmp_path):
        """A changed byte anywhere is refused."""
        path = tmp_path / "a.png"
        grey_png(path, np.arange(64).reshape(8, 8) * 100)
        whole = path.read_bytes()
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
            with pytest.raises(ValueError, match=r"a\.png "):
                depth_files.read_any(path)

    def test_too_few_pixels_are_noticed(self, tmp_path):
        """Right checksums about too few pixels, too many or none do not make a frame."""
        rows = b"".join(b"\0" + bytes(16) for _ in range(8))
        half, more = zlib.compress(rows[: 4 * 17]), zlib.compress(rows + b"\0")
        size = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 0, 0, 0, 0))
        path = tmp_path / "a.png"
        start, end = depth_files.SIGNATURE + size, chunk(b"IEND", b"")
        path.write_bytes(start + chunk(b"IDAT", zlib.compress(rows)) + end)
        assert depth_files.read_any(path).shape == (8, 8)
        for pixels in (half, more, b"x", b""):
            path.write_bytes(start + chunk(b"IDAT", pixels) + end)
            with pytest.raises(ValueError, match=r"a\.png (must hold all|cannot be)"):
                depth_files.read_any(path)
        path.write_bytes(start + end)
        with pytest.raises(ValueError, match=r"a\.png must hold all its pixels"):
            depth_files.read_any(path)

    def test_a_huge_size_is_refused(self, tmp_path):
        """A header that claims 60,000 pixels a side is refused before decoding."""
        size = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 16, 0, 0, 0, 0))
        path = tmp_path / "a.png"
        path.write_bytes(depth_files.SIGNATURE + size + chunk(b"IEND", b""))
        with pytest.raises(ValueError, match="1 to 4096 pixels, got 60000 x 60000"):
            depth_files.read_any(path)

    def test_other_parts_do_not_matter(self, tmp_path):
        """A false animation header, which makes the decoder warn, is left out."""
        buffer = io.BytesIO()
        Image.fromarray(np.full((2, 2), 700, np.uint16)).save(buffer, format="PNG")
        whole = buffer.getvalue()
        path = tmp_path / "a.png"
        path.write_bytes(whole[:33] + chunk(b"acTL", bytes(8)) + whole[33:])
        assert depth_files.read_any(path).tolist() == [[700, 700], [700, 700]]


class TestMsra:
    def test_real_frame(self, realdata, tmp_path):
        """A real frame, written as its authors do, comes back; 1000 was background."""
        with gzip.open(realdata / "msra" / "frames" / "msra-hand.txt.gz") as file:
            depth = np.loadtxt(file)
        depth[depth == 1000] = 0
        rows, columns = np.nonzero(depth)
        top, bottom = rows.min(), rows.max() + 1
        left, right = columns.min(), columns.max() + 1
        path = tmp_path / "000009_depth.bin"
        patch = depth[top:bottom, left:right]
        path.write_bytes(msra_bytes((320, 240), (left, top, right, bottom), patch))
        np.testing.assert_array_equal(depth_files.read_any(path), depth)
        np.testing.assert_array_equal(depth_files.read_depth(path, "msra"), depth)

    def test_by_hand(self, tmp_path):
        """Columns 1 and 2 of row 1 of a 4 x 3 frame."""
        path = tmp_path / "a.bin"
        path.write_bytes(msra_bytes((4, 3), (1, 1, 3, 2), [7.5, 8]))
        found = depth_files.read_any(path).tolist()
        assert found == [[0, 0, 0, 0], [0, 7.5, 8, 0], [0, 0, 0, 0]]

    @pytest.mark.parametrize(
        ("size", "box", "patch", "said"),
        [
            ((4, 3), (1, 1, 3, 2), [1], "have 32 bytes, got 28"),
            ((4, 3), (1, 1, 3, 2), [1, 2, 3], "have 32 bytes, got 36"),
            ((0, 3), (0, 0, 1, 1), [1], "1 to 4096 pixels, got 0 x 3"),
            ((4, 5000), (0, 0, 1, 1), [1], "1 to 4096 pixels, got 4 x 5000"),
            ((4, 3), (-1, 0, 1, 1), [1, 1], "got columns -1 to 1 and rows 0 to 1"),
            ((4, 3), (3, 0, 5, 1), [1, 1], "got columns 3 to 5 and rows 0 to 1"),
            ((4, 3), (1, 2, 2, 2), [], "got columns 1 to 2 and rows 2 to 2"),
            ((4, 3), (0, 2, 1, 4), [1, 1], "got columns 0 to 1 and rows 2 to 4"),
            ((4, 3), (0, 0, 1, 1), [np.nan], "depths of 0 to 65535 mm"),
            ((4, 3), (0, 0, 1, 1), [np.inf], "depths of 0 to 65535 mm"),
            ((4, 3), (0, 0, 1, 1), [-1], "depths of 0 to 65535 mm"),
        ],
    )
    def test_a_wrong_file_is_named(self, tmp_path, size, box, patch, said):
        """Sizes, rectangle, length and depths are each checked."""
        path = tmp_path / "a.bin"
        path.write_bytes(msra_bytes(size, box, patch))
        with pytest.raises(ValueError, match=rf"a\.bin must .*{said}"):
            depth_files.read_any(path)

    def test_a_cut_header(self, tmp_path):
        """Fewer than six whole numbers are no header."""
        path = tmp_path / "a.bin"
        path.write_bytes(b"\1" * 23)
        with pytest.raises(ValueError, match="begin with 6 numbers, and has 23 bytes"):
            depth_files.read_any(path)


class TestAnyFile:
    def test_missing_empty_and_folder(self, tmp_path):
        """No file, a folder and an empty file are named."""
        for name in ("a.png", "a.bin"):
            path = tmp_path / name
            with pytest.raises(
                ValueError, match=rf"{name} must be a file, and is none"
            ):
                depth_files.read_any(path)
            path.mkdir()
            with pytest.raises(ValueError, match="must be a file, and is none"):
                depth_files.read_any(path)
            path.rmdir()
            path.touch()
            with pytest.raises(ValueError, match="bytes, and is empty"):
                depth_files.read_any(path)
        with pytest.raises(ValueError, match="must be a PNG, and does not begin"):
            depth_files.png_form(tmp_path / "a.png")

    def test_unknown_kind(self, tmp_path):
        """A kind that is none of the three is refused."""
        with pytest.raises(ValueError, match=r"`kind` must be one of .* got 'icvl'"):
            depth_files.read_depth(tmp_path / "a.png", "icvl")

    def test_a_huge_file_is_not_read_on(self, tmp_path, monkeypatch):
        """A file that is longer than any frame is refused."""
        monkeypatch.setattr(depth_files, "MOST_BYTES", 1000)
        path = tmp_path / "a.bin"
        path.write_bytes(bytes(1001))
        with pytest.raises(ValueError, match="1 to 1000 bytes, and is longer"):
            depth_files.read_any(path)
