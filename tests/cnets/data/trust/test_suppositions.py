"""Shares of joints on the hand under each way in which labels may be meant."""

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data.opening import labels_of
from cnets.data.trust import looking, suppositions


@pytest.fixture
def supposed(scene, tmp_path):
    """What is supposed of a scene after its joints or frames were changed."""

    def suppose(change=lambda joints_mm: joints_mm, times=1.0):
        case = scene("msra", 5, 9)
        case.joints_mm = change(case.joints_mm)
        case.frames_mm = [np.round(frame * times) for frame in case.frames_mm]
        frames = looking.of_recording(labels_of(case.write(tmp_path / "set")))
        looks = looking.look(frames, looking.sample(frames, 9))
        return suppositions.suppose(frames, looks)

    return suppose


def test_as_it_should_be(supposed):
    """All joints on the hand, the surface a little nearer than they are."""
    found = supposed()
    assert found.plain > 0.95
    assert 0.9 < found.factor < 1.02
    assert max(found.flips.values()) < found.plain


@pytest.mark.parametrize(
    ("name", "signs"), [("y turned round", (1, -1, 1)), ("x turned round", (-1, 1, 1))]
)
def test_a_turned_axis(supposed, name, signs):
    """Turning it back puts the joints on the hand."""
    found = supposed(lambda joints_mm: joints_mm * signs)
    assert found.flips[name] > 0.95
    assert found.plain < 0.7
    assert max(found.flips, key=found.flips.get) == name


@pytest.mark.parametrize("times", [8, 10, 0.1, 0.125, 4])
def test_another_unit(supposed, times):
    """The factor is measured, and its unit recognised."""
    found = supposed(times=times)
    assert suppositions.near_unit(found.factor) == times
    assert found.plain == 0
    assert found.scaled > 0.95


def test_a_factor_that_is_no_unit():
    """It is kept as it is."""
    assert suppositions.near_unit(2.0) == 2.0
    assert suppositions.near_unit(960.0) == 1000.0


def test_without_labels():
    """There is nothing to suppose."""
    frames = looking.Frames(name="set", files=(), camera=CAMERAS["msra"])
    assert suppositions.suppose(frames, []) is None
