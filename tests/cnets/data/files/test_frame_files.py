"""Frames whose meaning a description says, written and read back."""

import numpy as np
import pytest
from PIL import Image

from cnets.data.files import depth_files, frame_files
from cnets.data.files.frame_files import FrameForm


STEPS = np.array([[0, 1, 300], [65000, 9, 2001]], np.uint16)


def form(**options):
    """Three columns and two rows."""
    return FrameForm(width_px=3, height_px=2, **options)


@pytest.mark.parametrize("ending", ["png", "tif", "npy", "PNG"])
def test_grey_of_16_bits(tmp_path, ending):
    """Every kind of file gives the same millimetres; marks are nothing."""
    path = tmp_path / f"a.{ending}"
    np.save(path, STEPS) if ending == "npy" else Image.fromarray(STEPS).save(path)
    read = form(unit_mm=0.5, nothing=(0.0, 2001.0)).read(path)
    assert read.dtype == np.float32
    assert read.tolist() == [[0, 0.5, 150], [32500, 4.5, 0]]


def test_8_bits_and_floats(tmp_path):
    """A grey PNG of 8 bits; metres in floats, whose NaN and infinity are nothing."""
    Image.fromarray(STEPS.astype(np.uint8)).save(tmp_path / "a.png")
    assert form(unit_mm=4.0).read(tmp_path / "a.png")[1, 1] == 36
    metres = np.array([[0.5, np.nan, np.inf], [0, 1, 2]], np.float32)
    np.save(tmp_path / "a.npy", np.asfortranarray(metres))
    read = form(unit_mm=1000.0).read(tmp_path / "a.npy")
    assert read.tolist() == [[500, 0, 0], [0, 1000, 2000]]


def test_packed_in_colours(tmp_path):
    """Red 1 and green 256: 3 + 256 * 2; grey is refused then, and colours else."""
    colours = np.zeros((2, 3, 3), np.uint8)
    colours[..., 0], colours[..., 1] = 3, 2
    Image.fromarray(colours).save(tmp_path / "a.png")
    assert (form(channels=(1.0, 256.0, 0.0)).read(tmp_path / "a.png") == 515).all()
    with pytest.raises(ValueError, match="must be grey, and has colours"):
        form().read(tmp_path / "a.png")
    Image.fromarray(STEPS).save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="must have colours"):
        form(channels=(1.0, 256.0, 0.0)).read(tmp_path / "b.png")


def test_refused(tmp_path):
    """Another size, a depth that cannot be, objects, a cut file, another kind."""
    Image.fromarray(STEPS).save(tmp_path / "a.png")
    other = FrameForm(width_px=4, height_px=2)
    with pytest.raises(ValueError, match=r"a\.png must have 4 x 2 pixels .* got 3 x 2"):
        other.read(tmp_path / "a.png")
    with pytest.raises(ValueError, match="depths of 0 to 65535 mm, got 650000"):
        form(unit_mm=10.0).read(tmp_path / "a.png")
    np.save(tmp_path / "o.npy", np.array([[None] * 3] * 2), allow_pickle=True)
    with pytest.raises(ValueError, match="must hold plain numbers, got object"):
        form().read(tmp_path / "o.npy")
    np.save(tmp_path / "n.npy", -STEPS.astype(float))
    with pytest.raises(ValueError, match="got -65000"):
        form().read(tmp_path / "n.npy")
    np.save(tmp_path / "s.npy", STEPS[..., None].repeat(5, 2))
    with pytest.raises(ValueError, match=r"one frame, \[height, width\]"):
        form().read(tmp_path / "s.npy")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "c.png").write_bytes(whole[:-20])
    with pytest.raises(ValueError, match=r"c\.png must be a whole PNG"):
        form().read(tmp_path / "c.png")
    (tmp_path / "a.jpg").write_bytes(whole)
    with pytest.raises(ValueError, match=r"must end in one of \.png"):
        form().read(tmp_path / "a.jpg")


def test_without_a_form(tmp_path):
    """The data sets whose files say it are read as ever."""
    Image.fromarray(STEPS).save(tmp_path / "a.png")
    read = frame_files.read(tmp_path / "a.png", None)
    assert (read == depth_files.read_any(tmp_path / "a.png")).all()
