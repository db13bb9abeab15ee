"""Tests of `cnets.hands.subject`: what a model's files say of its hand, there and back."""

import dataclasses
import json

import pytest

from cnets.cameras import CAMERAS
from cnets.hands import subject
from cnets.hands.skeleton import HAND21, ICVL16, NYU36, Skeleton
from cnets.hands.subject import Subject


CLAW = Skeleton(
    name="claw",
    joint_names=("tip", "base"),
    bones=(),
    root=1,
    evaluated=(0,),
)


@pytest.mark.parametrize(
    "skeleton", [HAND21, NYU36, ICVL16, CLAW], ids=lambda s: s.name
)
@pytest.mark.parametrize("hand", ["left", "right", None])
@pytest.mark.parametrize(
    ("camera", "seen"), [(CAMERAS["sr300"], None), (None, "test:0.5")]
)
def test_all_of_it_comes_back(skeleton, hand, camera, seen):
    """Through JSON, with the flesh of the hands that this code can draw."""
    about = Subject(skeleton=skeleton, hand=hand, camera=camera, seen=seen)
    assert subject.of_facts(json.loads(json.dumps(about.facts()))) == about


def test_another_hand_of_a_known_name_is_not_that_hand():
    """It has its own joints, and no flesh."""
    other = dataclasses.replace(HAND21, root=5)
    found = subject.of_facts(Subject(skeleton=other).facts())
    plain = dataclasses.replace(other, capsules=(), size=None, size_mm=None)
    assert found.skeleton == plain
    assert found.skeleton != HAND21


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"skeleton": ""}, "`skeleton` must be a name"),
        ({"joint_names": []}, "`joint_names` must be 1 to 1000 names"),
        ({"joint_names": ["tip", "tip"]}, "`joint_names` must be 1 to 1000 names"),
        ({"joint_names": [str(n) for n in range(1001)]}, "`joint_names` must be"),
        ({"bones": [[0, 0]]}, "`bones` must be pairs of joints"),
        ({"bones": [[0, 1, 0]]}, "`bones` must be pairs of joints"),
        ({"bones": [[0, 2]]}, "`bones` must be pairs of joints"),
        ({"bones": None}, "`bones` must be pairs of joints"),
        ({"root": 2}, "`root` must be a joint"),
        ({"root": 0.0}, "`root` must be a joint"),
        ({"evaluated": [2]}, "`evaluated` must be joints"),
        ({"hand": "Left"}, "`hand` must be one of right, left"),
        ({"camera": {"fx": 1}}, "`camera` must be numbers"),
        ({"seen": 0.5}, "`seen` must be a text"),
        (
            {"camera": dataclasses.asdict(CAMERAS["nyu"]) | {"fy": 0}},
            "`camera` must have focal lengths above 0",
        ),
    ],
)
def test_what_no_hand_can_have(changes, said):
    """One sentence with the key and the value."""
    with pytest.raises(ValueError, match=said):
        subject.of_facts(Subject(skeleton=CLAW).facts() | changes)
