"""Tests of `cnets.inference.prediction_units`: the same hands as others write them."""

from pathlib import Path

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.inference import prediction_units


CAMERA = CAMERAS["msra"]
PATH = Path("p.txt")


def hands_mm() -> np.ndarray:
    """Six made hands, in front of the camera and aside of its axis."""
    draw = np.random.default_rng(5)
    return draw.uniform(-80, 80, (6, 21, 3)) + np.array([30, -60, 350])


def uvd(points: np.ndarray) -> np.ndarray:
    """Pixels and depth of the camera, worked out without the package."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([160 + 241.42 * x / z, 120 - 241.42 * y / z, z], -1)


def check(points: np.ndarray, unit: str) -> None:
    """Held against the hands that were made."""
    prediction_units.check(PATH, points, hands_mm(), unit, CAMERA)


@pytest.mark.parametrize("error_mm", [0, 5, 60])
def test_good_and_middling_predictions_pass(error_mm):
    """Nothing is suspected where the error is one of a model, or a bad one's."""
    moved = hands_mm() + np.array([error_mm, 0, 0])
    check(moved, "xyz")
    check(uvd(moved), "uvd")


def test_bad_predictions_pass():
    """Far off, but in no other reading near: a bad model and no mistake."""
    check(hands_mm() + np.array([0, 0, 300]), "xyz")
    check(uvd(hands_mm() + np.array([0, 0, 300])), "uvd")


@pytest.mark.parametrize(
    ("points", "unit", "said"),
    [
        (hands_mm(), "uvd", "x, y and z in mm"),
        (uvd(hands_mm()), "xyz", "u and v in pixels and depth in mm"),
        (hands_mm() / 1000, "xyz", "x, y and z in metres"),
        (hands_mm() / 10, "xyz", "x, y and z in cm"),
        (hands_mm() / 1000, "uvd", "x, y and z in metres"),
        (uvd(hands_mm()) * [1, 1, 0.001], "uvd", "depth in metres"),
        (uvd(hands_mm()) * [1, 1, 8], "uvd", "depth in eighths of a mm"),
        (hands_mm() * [1, -1, 1], "xyz", "x, y and z in mm, y down"),
        (hands_mm() * [1, 1, -1], "xyz", "z towards the viewer"),
        (hands_mm() * [1, -1, -1], "xyz", "y down and z towards the viewer"),
    ],
)
def test_another_reading_is_named(points, unit, said):
    """One sentence that says both errors."""
    with pytest.raises(ValueError, match=rf"if it holds .*{said}\.$"):
        check(points, unit)


def test_the_sentence():
    """It has the rule, the error so, the error otherwise and the likely cause."""
    with pytest.raises(ValueError, match="must hold") as raised:
        check(hands_mm() * [1, 1, -1], "xyz")
    off_mm = np.quantile(2 * hands_mm()[..., 2], 0.5, method="lower")
    assert str(raised.value) == (
        "p.txt must hold x, y and z in mm, as `--unit xyz` or the file says, and the "
        f"middle error is {off_mm:.0f} mm so, but 0.0 mm if it holds x, y and z in mm, z "
        "towards the viewer."
    )


def test_hands_out_of_reach():
    """Joints that are relative to something lie at no hand's depth."""
    rooted = hands_mm() - hands_mm()[:, :1]
    with pytest.raises(ValueError, match=r"the middle depth is .*another unit"):
        check(rooted, "xyz")


def test_labels_that_are_not_known():
    """They say nothing, and the others do."""
    known = hands_mm()
    known[:, 3:9] = np.nan
    with pytest.raises(ValueError, match="in metres"):
        prediction_units.check(PATH, hands_mm() / 1000, known, "xyz", CAMERA)
