"""Which joints a table seems to hold, how they hang together, and in which unit."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from cnets.data.readers.folder import values
from cnets.data.readers.folder.keys import Points, written_out
from cnets.data.readers.folder.tables import JOINTS, Table


ORDER = ("thumb", "index", "middle", "ring", "little")
"""Fingers as HANDS17 has them."""

HANDS17 = (
    "wrist",
    *(f"{finger}_mcp" for finger in ORDER),
    *(f"{finger}_{part}" for finger in ORDER for part in ("pip", "dip", "tip")),
)
"""The joints of HANDS17: wrist, five knuckles, then three joints a finger."""

FINGERS = (*ORDER, "pinky", "fore")
"""Words for fingers in names of joints."""

PARTS = (
    "cmc",
    "metacarpal",
    "mcp",
    "base",
    "proximal",
    "pip",
    "mid",
    "ip",
    "dip",
    "distal",
)
"""Words for joints of a finger, from the palm outwards; the tip is the last."""

ROOTS = ("wrist", "palm", "root", "hand", "carpus")
"""Names of joints that the others hang on, the likeliest first."""

AXES = {"xyz": ("x", "y", "z"), "uvd": ("u", "v", "d")}
"""What the numbers of a joint may be called."""

UNIT_BELOW = {10.0: 1000.0, 100.0: 10.0}
"""Millimetres of one step by the middle depth of joints it is taken for below this."""

NEAR_MM = 60.0
"""How far a joint may lie behind the pixel that shows it."""

LISTS = ("keypoints_3d", "keypoints3d", "keypoints_xyz", "joints", "keypoints", "pose")
"""Columns that may hold all numbers of a row, the likeliest first."""


def look(table: Table) -> tuple[dict[str, Any], set[str]]:
    """Values of the keys of `[joints]`, and which of them are guesses.

    Raises:
        ValueError: If the table seems to hold no joints.
    """
    found = _columns(table) or _list(table)
    if found is None:
        raise ValueError(
            f"{table.path} must have three columns a joint, such as wrist_x, wrist_y and "
            "wrist_z, or one column with all numbers, and `data init` finds neither."
        )
    names = found["names"]
    root = next((n for word in ROOTS for n in names if word in n.lower()), names[0])
    guessed = {"axes", "unit_mm"}
    if not any(word in root.lower() for word in ROOTS):
        guessed.add("root")
    if "parents" not in found:
        guessed.add("parents")
        found["parents"] = _parents(names, root)
    if names[0] == "joint_0":
        guessed.add("names")
    found |= {"root": root, "evaluated": list(names)}
    found["unit_mm"] = 1.0
    if "z" in found["axes"] or "d" in found["axes"]:
        _, joints = first_mm(table, {f"joints.{k}": v for k, v in found.items()})
        if len(joints):
            depth = abs(float(np.median(joints[:, 2])))
            below = (limit for limit in UNIT_BELOW if depth < limit)
            found["unit_mm"] = UNIT_BELOW.get(next(below, 0.0), 1.0)
    else:
        guessed -= {"axes", "unit_mm"}
        found["behind_mm"] = 8.0
        guessed.add("behind_mm")
    found["missing"] = [0.0]
    return found, guessed


def first_mm(table: Table, known: dict[str, Any]) -> tuple[int, np.ndarray]:
    """The first row with joints, and those in the guessed unit, [joints, 3]."""
    axes = tuple(axis.removeprefix("-") for axis in known["joints.axes"])
    names = known["joints.names"]
    how = Points(
        axes=axes,
        signs=(1,) * len(axes),
        columns=written_out(known["joints.columns"], names, axes),
        unit_mm=1.0,
    )
    held = values.points(table, how, len(names), (0.0,))
    sound = np.flatnonzero(np.isfinite(held).all((1, 2)))
    if not len(sound):
        return 0, np.zeros((0, 3))
    return int(sound[0]), held[sound[0]][:, :3] * known["joints.unit_mm"]


def _columns(table: Table) -> dict[str, Any] | None:
    """Joints whose numbers have a column each, such as `wrist_x`."""
    held = set(table.columns)
    for axes in AXES.values():
        for between in ("_", ".", " ", "-", ""):
            names = [
                name.removesuffix(f"{between}{axes[0]}")
                for name in table.columns
                if name.endswith(f"{between}{axes[0]}") and len(name) > 1 + len(between)
            ]
            full = [
                name
                for name in names
                if all(f"{name}{between}{axis}" in held for axis in axes)
                and not re.match(r"(?i)cent(er|re)", name)
            ]
            if len(full) > 1:
                pattern = f"{{joint}}{between}{{axis}}"
                return {"names": full, "axes": list(axes), "columns": pattern}
    return None


def _list(table: Table) -> dict[str, Any] | None:
    """Joints whose numbers stand in one column."""
    order = [name for name in LISTS if name in table.columns]
    order += [name for name in table.columns if name not in order]
    for column in order:
        for row in table.rows:
            held = values.flat(row.get(column))
            if len(held) >= 6 and len(held) % 3 == 0:
                return _named(table, column, len(held) // 3)
            if held:
                break
    return None


def _named(table: Table, column: str, count: int) -> dict[str, Any]:
    """Joints that have a place and no name, unless the table names them beside."""
    found: dict[str, Any] = {"columns": column, "axes": ["x", "y", "z"]}
    names = table.joint_names
    if len(names) != count:
        native = count == len(HANDS17) and column == JOINTS
        names = HANDS17 if native else tuple(f"joint_{n}" for n in range(count))
    elif table.bones:
        found["parents"] = _parents_of_bones(names, table.bones)
    if column == "keypoints":
        found["axes"] = ["u", "v", "visible"]
    return found | {"names": list(names)}


def _parents(names: Sequence[str], root: str) -> list[str]:
    """Fingers as chains that hang on the root; all else hangs on the root."""
    fingers: dict[str, list[tuple[int, int, str]]] = {}
    for place, name in enumerate(names):
        finger = next((word for word in FINGERS if word in name.lower()), None)
        if finger is not None and name != root:
            fingers.setdefault(finger, []).append((_rank(name), place, name))
    parents = dict.fromkeys(names, root) | {root: ""}
    for chain in fingers.values():
        above = root
        for _, _, name in sorted(chain):
            parents[name], above = above, name
    return [parents[name] for name in names]


def _rank(name: str) -> int:
    """How far out in a finger a joint is."""
    small = name.lower()
    if "tip" in small:
        return len(PARTS)
    word = next(
        (part for part in (*PARTS[:5], "pip", "dip", *PARTS) if part in small), ""
    )
    return PARTS.index(word) if word else 0


def _parents_of_bones(
    names: Sequence[str], bones: Sequence[tuple[int, int]]
) -> list[str]:
    """Each joint's neighbour on the way to the first joint that bones connect."""
    parents, waiting = {0: ""}, [0]
    while waiting:
        joint = waiting.pop(0)
        for pair in bones:
            if joint in pair:
                other = pair[1] if pair[0] == joint else pair[0]
                if other not in parents:
                    parents[other] = names[joint]
                    waiting.append(other)
    return [parents.get(place, "") for place in range(len(names))]
