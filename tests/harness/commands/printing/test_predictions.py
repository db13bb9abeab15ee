import json

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.inference import models
from cnets.inference.frame_reading import Way
from harness.commands.printing import predictions
from harness.predict import Prediction, Predictions


@pytest.fixture
def done(train, tmp_path) -> Predictions:
    """Two frames with numbers drawn at random, read by a model of 21 joints."""
    draw = np.random.default_rng(3)
    frames = [
        Prediction(
            frame=name,
            center_uvd=draw.normal(size=3).astype(np.float32),
            joints_mm=draw.normal(size=(21, 3)).astype(np.float32),
            joints_px=draw.normal(size=(21, 2)).astype(np.float32),
        )
        for name in ("a.png", "b.png")
    ]
    return Predictions(
        model=models.of_lane("hand", train(tmp_path, steps=1).lane),
        way=Way(camera=CAMERAS["nyu"]),
        frames=tuple(frames),
        passed_over=(),
    )


def test_json_has_every_digit(done):
    """An object a frame; numbers come back as they were."""
    for frame, row in zip(
        done.frames, json.loads(predictions.shown(done, "json")), strict=True
    ):
        assert row["frame"] == frame.frame
        assert row["found"] is True
        for name in ("center_uvd", "joints_mm", "joints_px"):
            values = np.array(row[name], np.float32)
            np.testing.assert_array_equal(values, getattr(frame, name))


def test_csv_has_a_row_a_joint(done):
    """Forty-two rows, in the order of frames and joints."""
    head, *lines = predictions.shown(done, "csv").splitlines()
    assert head == "frame,found,joint,x_mm,y_mm,z_mm,u_px,v_px"
    assert len(lines) == 2 * 21
    names = done.model.skeleton.joint_names
    cells = lines[21 + 4].split(",")
    assert cells[:3] == ["b.png", "true", names[4]]
    np.testing.assert_allclose(
        [float(cell) for cell in cells[3:]],
        [*done.frames[1].joints_mm[4], *done.frames[1].joints_px[4]],
    )


def test_the_tables_name_the_model_and_each_frame(done):
    """They stand above the columns, which are numbers alone."""
    shown = predictions.shown(done, "table")
    first = "Joints read by hand, a model of right hands"
    assert shown.startswith(f"{first}\na.png\n")
    assert shown.count("x_mm") == shown.count(".png") == 2
