"""What networks know of the hand they read and have seen, as a model's files say it.

The flesh of a hand is not among it: it is drawn by this code only, and a skeleton of
this code gets it back by being equal to it.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from cnets.cameras import Camera
from cnets.hands.skeleton import SKELETONS, Skeleton


HANDS = ("right", "left")
"""The two sides."""

MARK = "bones"
"""What only facts of this form have; older models say their joints alone."""

SKELETON_KEYS = (
    "skeleton",
    "joint_names",
    "bones",
    "root",
    "evaluated",
)
"""What `Subject.facts` says of the skeleton."""

MOST_JOINTS = 1000
"""Most joints of a hand; more is damage."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The hand that networks read."""

    skeleton: Skeleton
    hand: str | None = None
    """`right` or `left`; None if it is not known."""
    camera: Camera | None = None
    """The camera that saw it; None if it is not known."""
    seen: str | None = None
    """Share of the test split that was trained on without labels, such as `test:0.5`:
    frames that are no test of these networks."""

    def facts(self) -> dict[str, Any]:
        """All of it in the values of JSON."""
        own = self.skeleton
        seen = {} if self.seen is None else {"seen": self.seen}
        return seen | {
            "skeleton": own.name,
            "joint_names": list(own.joint_names),
            "bones": [list(bone) for bone in own.bones],
            "root": own.root,
            "evaluated": list(own.evaluated),
            "hand": self.hand,
            "camera": None if self.camera is None else dataclasses.asdict(self.camera),
        }


def of_facts(facts: Mapping[str, Any]) -> Subject:
    """The subject that `Subject.facts` wrote.

    Args:
        facts: May hold other things too.

    Raises:
        ValueError: If a value is missing or is none that a hand can have.
    """
    skeleton = _skeleton(facts)
    hand = facts.get("hand")
    _see(hand is None or hand in HANDS, "hand", f"be one of {', '.join(HANDS)}", hand)
    seen = facts.get("seen")
    _see(seen is None or isinstance(seen, str), "seen", "be a text", seen)
    camera = _camera(facts.get("camera"))
    return Subject(skeleton=skeleton, hand=hand, camera=camera, seen=seen)


def _skeleton(facts: Mapping[str, Any]) -> Skeleton:
    """The skeleton, with its flesh if this code knows it."""
    values: list[Any] = [facts.get(key) for key in SKELETON_KEYS]
    name, names, bones, root, evaluated = values
    _see(_texts([name]), "skeleton", "be a name", name)
    some = _texts(names) and len(names) <= MOST_JOINTS
    _see(some, "joint_names", f"be 1 to {MOST_JOINTS} names, each once", names)
    joints = range(len(names))
    pairs = isinstance(bones, list) and all(
        _joints(bone, joints) and len(bone) == 2 for bone in bones
    )
    _see(pairs, "bones", "be pairs of joints", bones)
    _see(_joints([root], joints), "root", "be a joint", root)
    _see(_joints(evaluated, joints), "evaluated", "be joints, each once", evaluated)
    made = Skeleton(
        name=name,
        joint_names=tuple(names),
        bones=tuple((first, second) for first, second in bones),
        root=root,
        evaluated=tuple(evaluated),
    )
    own = SKELETONS.get(made.name)
    plain = own and dataclasses.replace(own, capsules=(), size=None, size_mm=None)
    return own if own and plain == made else made


def _texts(value: Any) -> TypeGuard[list[str]]:
    """Whether a value is a list of texts, one at least, each once."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(text, str) and text for text in value)
        and len(set(value)) == len(value)
    )


def _joints(value: Any, joints: range) -> TypeGuard[list[int]]:
    """Whether a value is a list of joints, one at least, each once."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(type(joint) is int and joint in joints for joint in value)
        and len(set(value)) == len(value)
    )


def _camera(facts: Any) -> Camera | None:
    if facts is None:
        return None
    names = [field.name for field in dataclasses.fields(Camera)]
    whole = isinstance(facts, dict) and sorted(facts) == sorted(names)
    _see(whole and all(map(_number, facts.values())), "camera", "be numbers", facts)
    _see(facts["fx"] > 0 < facts["fy"], "camera", "have focal lengths above 0", facts)
    return Camera(**facts)


def _number(value: Any) -> TypeGuard[float]:
    return type(value) in (int, float) and math.isfinite(value)


def _see(right: Any, name: str, rule: str, value: Any) -> None:
    """Refuse a value that breaks a rule."""
    if not right:
        raise ValueError(f"`{name}` must {rule}, got {str(value)[:80]!r}.")
