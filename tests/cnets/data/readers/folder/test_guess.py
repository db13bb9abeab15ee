"""`data init`: what is read, what is guessed, and what it does not decide."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from cnets.data.readers.folder import description, guess, reader, writing


@pytest.fixture
def bare(own):
    """The folder as somebody has it: a CSV and frames, no description."""
    (own.root / "table").rename(own.root / "joints.csv")
    return own


def described(root):
    """The guess, written and read again."""
    found = guess.look(root)
    (root / "dataset.toml").write_text(writing.text(found))
    return found, description.read(root)


def test_what_it_writes_can_be_read(bare):
    """The description opens the set, and says which keys are guesses."""
    found, told = described(bare.root)
    assert told.guessed == tuple(found.guessed)
    assert {"camera", "hand", "frames.unit_mm"} <= set(told.guessed)
    assert (told.frame, told.folder, told.table) == ("frame", "depth", "joints.csv")
    assert told.skeleton.joint_names == ("palm", "tip", "thumb")
    assert len(reader.recording(bare.root, centres="auto").files) == 5


def test_intrinsics_beside_it(bare):
    """A camera that a file names is no guess."""
    held = {"fx": 60.5, "fy": 61, "ppx": 32.5, "ppy": 24, "width": 64, "height": 48}
    (bare.root / "intrinsics.json").write_text(json.dumps({"depth": held}))
    _, told = described(bare.root)
    assert (told.camera.fx, told.camera.cx) == (60.5, 32.5)
    assert "camera" not in told.guessed


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sign_of_y(bare, sign):
    """The frame says whether y points up: the joints then lie on what it shows."""
    held = {"fx": 60, "fy": 60, "cx": 32, "cy": 24, "width": 64, "height": 48}
    (bare.root / "camera.json").write_text(json.dumps(held))
    for row in range(5):
        steps = np.zeros((48, 64), np.uint16)
        steps[4:16, 20:44] = 500  # above the middle
        Image.fromarray(steps).save(bare.root / "depth" / f"{row}.png")
    head = ",".join(["frame", *(f"{n}_{a}" for n in ("p", "q") for a in "xyz")])
    y = sign * 120
    rows = "\n".join(f"{row}.png,0,{y},500,20,{y},500" for row in range(5))
    (bare.root / "joints.csv").write_text(f"{head}\n{rows}\n")
    _, told = described(bare.root)
    assert told.joints.signs == (1, sign, 1)


@pytest.mark.parametrize("name", ["depth_scale", "depth_units"])
@pytest.mark.parametrize(("scale", "unit_mm"), [(0.0001, 0.1), (0.001, 1), (5000, 0.2)])
def test_a_unit_that_a_file_tells(bare, name, scale, unit_mm):
    """Metres a step or steps a metre, beside the camera's numbers: no guess."""
    held = {"fx": 60.5, "fy": 61, "ppx": 32.5, "ppy": 24, "width": 64, "height": 48}
    (bare.root / "intrinsics.json").write_text(json.dumps(held | {name: scale}))
    found, told = described(bare.root)
    assert found.values["frames.unit_mm"] == pytest.approx(unit_mm)
    assert "frames.unit_mm" not in told.guessed


def test_centimetres(bare):
    """Depths of joints about 50 are centimetres: no hand is 50 mm away."""
    lines = (bare.root / "joints.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines]
    for row in cells[1:]:
        row[1:] = [str(float(cell) / 10) for cell in row[1:]]
    (bare.root / "joints.csv").write_text("\n".join(map(",".join, cells)))
    found, _ = described(bare.root)
    assert found.values["joints.unit_mm"] == 10.0


def test_metres(bare):
    """Depths of joints about 0.5 are metres."""
    lines = (bare.root / "joints.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines]
    for row in cells[1:]:
        row[1:] = [str(float(cell) / 1000) for cell in row[1:]]
    (bare.root / "joints.csv").write_text("\n".join(map(",".join, cells)))
    found, _ = described(bare.root)
    assert found.values["joints.unit_mm"] == 1000.0
    joints_mm = reader.recording(bare.root, centres="auto").joints_mm
    np.testing.assert_allclose(joints_mm[..., 2], bare.joints_mm[..., 2], atol=1e-2)


def test_refused(bare, tmp_path):
    """No folder, two tables, no table, frames that are not there, no joints."""
    with pytest.raises(ValueError, match="`folder` must be a folder that exists"):
        guess.look(tmp_path / "lacks")
    shutil.copy(bare.root / "joints.csv", bare.root / "more.csv")
    with pytest.raises(ValueError, match=r"one table .* holds joints.csv, more.csv"):
        guess.look(bare.root)
    assert guess.look(bare.root, "more.csv").values["table.file"] == "more.csv"
    (bare.root / "more.csv").write_text("frame,a\n0.png,1\n")
    with pytest.raises(ValueError, match="three columns a joint"):
        guess.look(bare.root, "more.csv")
    (bare.root / "more.csv").write_text("file,a\n77.png,x\n")
    with pytest.raises(ValueError, match="its first row names none of 5"):
        guess.look(bare.root, "more.csv")
    with pytest.raises(ValueError, match="`table` must be a file in"):
        guess.look(bare.root, "no.csv")
