"""Which joints a hand has, which lines a picture draws, and what flesh it has.

The flesh is a list of tapered capsules. Their ends are affine combinations of
joints, so a skeleton turns any labelled pose into a surface.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from cnets import suggestions
from cnets.shapes import JointsMm


End = Mapping[str, float]
"""Weights of joints by name; they sum to 1."""


@dataclass(frozen=True)
class Capsule:
    """The convex hull of two balls."""

    start: End
    end: End
    start_radius_mm: float
    """Radius of an adult hand of middle size."""
    end_radius_mm: float


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """One way to label hands."""

    name: str
    joint_names: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    """Pairs of joints that a picture connects."""
    root: int
    """The joint that the origin code stands for."""
    evaluated: tuple[int, ...]
    """The joints that the papers of this data set evaluate."""
    capsules: tuple[Capsule, ...] = ()
    """The flesh; none for hands that are never rendered."""
    size: tuple[str, str] | None = None
    """Two joints whose distance says how large a hand is; None as for `capsules`."""
    size_mm: float | None = None
    """That distance in a hand of middle size."""

    def scale(self, joints_mm: JointsMm) -> Tensor:
        """How large each hand is, 1 for middle size; [batch].

        Raises:
            ValueError: If the skeleton has no `size`.
        """
        if self.size is None or self.size_mm is None:
            raise ValueError(f"`size` must be known to scale {self.name}, and is not.")
        first, second = (self.joint_names.index(name) for name in self.size)
        return (joints_mm[:, first] - joints_mm[:, second]).norm(dim=1) / self.size_mm

    def flesh(
        self, joints_mm: JointsMm, thickness: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The capsules of every hand.

        Args:
            joints_mm: The poses.
            thickness: Factor on all radii of each hand, about 1; [batch].

        Returns:
            First and second centres [batch, capsules, 3] and radii [batch,
            capsules], millimetres, as `render.render` takes them.
        """
        parts = []
        for ends in ("start", "end"):
            weights = joints_mm.new_zeros(len(self.capsules), len(self.joint_names))
            for row, capsule in enumerate(self.capsules):
                for name, weight in getattr(capsule, ends).items():
                    weights[row, self.joint_names.index(name)] = weight
            parts.append(torch.einsum("cj,bjx->bcx", weights, joints_mm))
        for radius in ("start_radius_mm", "end_radius_mm"):
            radii = joints_mm.new_tensor([getattr(c, radius) for c in self.capsules])
            parts.append(thickness[:, None] * radii)
        start, end, start_radius, end_radius = parts
        return start, end, start_radius, end_radius


def of_parents(
    joint_names: tuple[str, ...],
    parents: tuple[str, ...],
    *,
    root: str,
    evaluated: tuple[str, ...] = (),
) -> Skeleton:
    """The skeleton of any hand; it has no flesh.

    Args:
        joint_names: Each joint once.
        parents: The joint that each hangs on, `""` if on none.
        root: The joint that the origin code stands for.
        evaluated: The joints that errors are taken over; all if there are none.

    Returns:
        A known skeleton if it has these joints and bones, else one whose name tells
        it from every other. A finger's bones follow each other.

    Raises:
        ValueError: If a name comes twice or is unknown, or joints hang on each other
            in a circle.
    """
    places = {name: place for place, name in enumerate(joint_names)}
    if len(places) != len(joint_names):
        twice = next(name for name in joint_names if joint_names.count(name) > 1)
        raise ValueError(f"`names` must have each joint once, got {twice!r} twice.")
    if len(parents) != len(joint_names):
        raise ValueError(
            f"`parents` must have one for each of {len(joint_names)} joints, got "
            f"{len(parents)}."
        )
    asked = (("parents", tuple(filter(None, parents))), ("root", (root,)))
    for key, names in (*asked, ("evaluated", evaluated)):
        for name in names:
            if name not in places:
                near = suggestions.nearest(name, joint_names)
                raise ValueError(f"`{key}` must name joints, got {name!r}{near}")
    if len(set(evaluated)) != len(evaluated):
        raise ValueError("`evaluated` must name each joint once, and does not.")
    skeleton = Skeleton(
        name="",
        joint_names=joint_names,
        bones=_bones(joint_names, parents, root),
        root=places[root],
        evaluated=tuple(places[name] for name in evaluated or joint_names),
    )
    for known in SKELETONS.values():
        flesh = {"name": "", "capsules": (), "size": None, "size_mm": None}
        same = replace(known, **flesh, bones=tuple(sorted(known.bones)))
        if same == replace(skeleton, bones=tuple(sorted(skeleton.bones))):
            return known
    digest = hashlib.sha256(repr(skeleton).encode()).hexdigest()
    return replace(skeleton, name=f"own{len(joint_names)}-{digest[:8]}")


def _bones(
    names: tuple[str, ...], parents: tuple[str, ...], root: str
) -> tuple[tuple[int, int], ...]:
    """Pairs of parent and child, each chain from the palm outwards."""
    children: dict[str, list[int]] = {}
    for child, parent in enumerate(parents):
        children.setdefault(parent, []).append(child)
    bones, seen = [], set()
    waiting = sorted(children.get("", []), key=lambda joint: names[joint] != root)[::-1]
    above = dict.fromkeys(waiting, -1)
    while waiting:
        joint = waiting.pop()
        seen.add(joint)
        if above[joint] >= 0:
            bones.append((above[joint], joint))
        below = children.get(names[joint], [])
        above |= dict.fromkeys(below, joint)
        waiting += below[::-1]
    if len(seen) != len(names):
        lost = next(name for place, name in enumerate(names) if place not in seen)
        raise ValueError(f"`parents` must have no circle, and {lost!r} hangs in one.")
    return tuple(bones)


FINGERS = ("index", "middle", "ring", "little", "thumb")
"""Fingers in the order of the MSRA hand data sets."""

SEGMENTS = ("mcp", "pip", "dip", "tip")
"""Joints of a finger, from the palm out; the thumb's are cmc, mcp, ip, tip."""


def _hand21() -> Skeleton:
    names = ["wrist"] + [f"{f}_{s}" for f in FINGERS for s in SEGMENTS]
    bones = [
        (0 if s == 0 else 4 * f + s, 4 * f + s + 1) for f in range(5) for s in range(4)
    ]
    flesh = [
        *_finger("index", (11.5, 9.8, 8.7, 7.6)),
        *_finger("middle", (11.5, 10.0, 8.9, 7.8)),
        *_finger("ring", (11.0, 9.5, 8.4, 7.3)),
        *_finger("little", (9.8, 8.3, 7.4, 6.5)),
        *_finger("thumb", (14.0, 12.0, 10.0, 8.0)),
        *_palm(
            {f: {f"{f}_mcp": 1.0} for f in FINGERS[:4]},
            {"index": -0.06, "middle": 0.0, "ring": 0.03, "little": 0.09},
        ),
    ]
    return Skeleton(
        name="hand21",
        joint_names=tuple(names),
        bones=tuple(bones),
        root=0,
        evaluated=tuple(range(21)),
        capsules=tuple(flesh),
        size=("wrist", "middle_mcp"),
        size_mm=92.0,
    )


def _finger(finger: str, radii: tuple[float, float, float, float]) -> list[Capsule]:
    """Three phalanges; the last radius is that of the tip's ball."""
    names = [f"{finger}_{segment}" for segment in SEGMENTS]
    return [
        Capsule({names[i]: 1.0}, {names[i + 1]: 1.0}, radii[i], radii[i + 1])
        for i in range(3)
    ]


def _palm(bases: Mapping[str, End], spread: Mapping[str, float]) -> list[Capsule]:
    """Metacarpals that fan out of a flat wrist, webs between them, thenar, forearm."""
    across = {"index_mcp": 1.0, "little_mcp": -1.0}
    roots = {
        f: {"wrist": 1.0} | {n: -w * 5 * spread[f] for n, w in across.items()}
        for f in bases
    }
    half = {f: _mix(roots[f], bases[f], 0.5) for f in bases}
    fan = [Capsule(roots[f], bases[f], 14.0, 11.0) for f in bases]
    order = list(bases)
    webs = [
        Capsule(where[a], where[b], radius, radius)
        for a, b in pairwise(order)
        for where, radius in ((bases, 10.0), (half, 13.0))
    ]
    thumb = {"thumb_mcp": 1.0}
    first = {"thumb_pip": 1.0}
    thenar = [
        Capsule(roots["index"], thumb, 15.0, 14.0),
        Capsule(half["middle"], thumb, 13.0, 14.0),
        Capsule(half["index"], _mix(thumb, first, 0.6), 12.0, 11.0),
    ]
    arm = {"wrist": 1.45, "middle_mcp": -0.45}
    forearm = [
        Capsule(roots["index"], _mix(arm, roots["index"], 0.25), 16.0, 20.0),
        Capsule(roots["little"], _mix(arm, roots["little"], 0.25), 16.0, 20.0),
    ]
    return fan + webs + thenar + forearm


def _mix(first: End, second: End, share: float) -> dict[str, float]:
    """The point that lies `share` of the way from the first to the second."""
    mixed = {name: (1 - share) * weight for name, weight in first.items()}
    for name, weight in second.items():
        mixed[name] = mixed.get(name, 0.0) + share * weight
    return mixed


def _nyu36() -> Skeleton:
    fingers = ("little", "ring", "middle", "index", "thumb")
    names = [f"{finger}_{n}" for finger in fingers for n in range(6)]
    names += [
        "wrist_ulnar",
        "wrist_radial",
        "palm",
        "palm_ulnar",
        "palm_radial",
        "wrist",
    ]
    slim = {"little": 0.85, "ring": 0.97, "middle": 1.0, "index": 1.0, "thumb": 1.15}
    # Fitted to three real frames; tests/cnets/test_skeleton.py looks at one.
    radii = (9.0, 10.0, 10.9, 11.5, 12.5, 13.6)
    flesh = []
    for finger in fingers:
        for n in range(5):
            ends = ({f"{finger}_{n}": 1.0}, {f"{finger}_{n + 1}": 1.0})
            sizes = (slim[finger] * radii[n], slim[finger] * radii[n + 1])
            flesh.append(Capsule(*ends, *sizes))
    at = {name: {name: 1.0} for name in names}
    wrist = {
        "little": "wrist_ulnar",
        "ring": "wrist",
        "middle": "wrist",
        "index": "wrist_radial",
    }
    half = {f: _mix(at[f"{f}_5"], at[wrist[f]], 0.5) for f in wrist}
    for finger, base in wrist.items():
        flesh.append(Capsule(at[f"{finger}_5"], at[base], 14.5, 18.0))
        flesh.append(Capsule(at[f"{finger}_5"], at["palm"], 14.5, 18.0))
    order = list(wrist)
    for a, b in pairwise(order):
        flesh.append(Capsule(at[f"{a}_5"], at[f"{b}_5"], 13.5, 13.5))
        flesh.append(Capsule(half[a], half[b], 17.0, 17.0))
    flesh += [
        Capsule(at["thumb_5"], at["wrist_radial"], 17.0, 17.0),
        Capsule(at["thumb_5"], at["palm"], 17.0, 18.0),
        Capsule(at["thumb_4"], half["index"], 14.5, 15.5),
        Capsule(at["thumb_3"], half["index"], 12.0, 15.5),
        Capsule(at["palm_ulnar"], at["palm_radial"], 18.0, 18.0),
        Capsule(at["wrist_ulnar"], at["wrist_radial"], 17.0, 17.0),
    ]
    for side in ("wrist_ulnar", "wrist", "wrist_radial"):
        beyond = _mix({side: 2.0, "palm": -1.0}, {"wrist": 2.0, "palm": -1.0}, 0.5)
        flesh.append(Capsule(at[side], beyond, 17.0, 22.0))
    bones = [(6 * f + n, 6 * f + n + 1) for f in range(5) for n in range(5)]
    bones += [(6 * f + 5, 32) for f in range(5)] + [(30, 32), (31, 32)]
    return Skeleton(
        name="nyu36",
        joint_names=tuple(names),
        bones=tuple(bones),
        root=32,
        evaluated=(0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32),
        capsules=tuple(flesh),
        size=("wrist", "middle_5"),
        size_mm=105.0,
    )


def _icvl16() -> Skeleton:
    fingers = ("thumb", "index", "middle", "ring", "little")
    names = ["palm"] + [
        f"{f}_{part}" for f in fingers for part in ("base", "mid", "tip")
    ]
    bones = [
        (0 if part == 0 else 3 * f + part, 3 * f + part + 1)
        for f in range(5)
        for part in range(3)
    ]
    return Skeleton(
        name="icvl16",
        joint_names=tuple(names),
        bones=tuple(bones),
        root=0,
        evaluated=tuple(range(16)),
        size=("palm", "middle_base"),
        size_mm=40.0,
    )


HAND21 = _hand21()
"""Wrist and four joints a finger, in the order of the MSRA data sets."""

NYU36 = _nyu36()
"""The 36 joints of the NYU hand data set."""

ICVL16 = _icvl16()
"""The palm and three joints a finger, in the order of the ICVL data set."""

SKELETONS = {skeleton.name: skeleton for skeleton in (HAND21, NYU36, ICVL16)}
"""Every skeleton by its name."""


def of_joints(number: int) -> Skeleton:
    """The hand that has a number of joints.

    Raises:
        ValueError: If none has.
    """
    found = {len(one.joint_names): one for one in SKELETONS.values()}
    if number not in found:
        known = ", ".join(str(n) for n in sorted(found))
        raise ValueError(f"`model` must have {known} joints, got {number}.")
    return found[number]
