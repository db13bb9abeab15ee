"""Which hand the labels show, from the way in which its fingers bend.

A finger turns about an axis that lies across the palm. Seen along the line from the
index finger to the little one, right and left hands turn in opposite ways.
"""

import numpy as np
from jaxtyping import Float

from cnets.hands.skeleton import Skeleton


JointsMm = Float[np.ndarray, "frames joints 3"]
"""Camera frame, y up, millimetres; NaN where a joint is not known."""

FINGERS = (("index",), ("middle",), ("ring",), ("little", "pinky"))
"""Words in the names of the joints of the fingers that bend to the palm."""

LEAST_JOINTS = 3
"""Joints of a finger without which its bend is not known."""

LEAST_BEND = 1.0
"""Sines of all bends together under which a hand is flat and shows no side."""

LEAST_FRAMES = 10
"""Fewest bent hands that say something."""


def right_share(joints_mm: JointsMm, skeleton: Skeleton) -> float | None:
    """Share of the bent hands whose fingers bend as those of right hands do.

    Args:
        joints_mm: Labels of some frames.
        skeleton: Its names say which joints are a finger's.

    Returns:
        0 to 1; None if the names do not say it, or too few hands are bent.
    """
    fingers = [_finger(skeleton, words) for words in FINGERS]
    if None in fingers:
        return None
    bases = [joints_mm[:, finger[0]] for finger in fingers if finger]
    across = _unit(bases[-1] - bases[0])
    bend = np.zeros(len(joints_mm))
    for finger in fingers:
        bones = _unit(np.diff(joints_mm[:, finger], axis=1))
        axes = np.cross(bones[:, :-1], bones[:, 1:])
        bend += np.einsum("fbx,fx->f", axes, across)
    bent = bend[np.abs(bend) >= LEAST_BEND]
    return float((bent > 0).mean()) if len(bent) >= LEAST_FRAMES else None


def _finger(skeleton: Skeleton, words: tuple[str, ...]) -> list[int] | None:
    """The joints of a finger from the palm out; None if they are too few."""
    away = _bones_away(skeleton)
    found = [
        joint
        for joint, name in enumerate(skeleton.joint_names)
        if any(word in name.lower() for word in words) and joint in away
    ]
    found.sort(key=lambda joint: away[joint])
    hops = [away[joint] for joint in found]
    chain = hops == list(range(hops[0], hops[0] + len(hops))) if hops else False
    return found if chain and len(found) >= LEAST_JOINTS else None


def _bones_away(skeleton: Skeleton) -> dict[int, int]:
    """How many bones lie between the root and each joint that is connected to it."""
    away, edge = {skeleton.root: 0}, [skeleton.root]
    while edge:
        ends = {end for bone in skeleton.bones if set(bone) & set(edge) for end in bone}
        edge = [joint for joint in ends if joint not in away]
        away |= dict.fromkeys(edge, max(away.values()) + 1)
    del away[skeleton.root]
    return away


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, np.nan)
