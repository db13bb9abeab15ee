"""What a folder of frames and a table seems to be, for a first `dataset.toml`.

Names, sizes and numbers are looked at; what they cannot tell is a guess, and its key is
in the list of guesses.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cnets.cameras import CAMERAS, Camera
from cnets.data.files import frame_files
from cnets.data.readers.folder import guessed_files, guessed_fit, guessed_joints, tables
from cnets.data.readers.folder.tables import Table
from cnets.data.readers.unlabelled import GUESSED as BY_SIZE


COLUMNS = {
    "person": ("person", "subject", "user", "participant"),
    "sequence": ("sequence", "seq", "session", "clip", "video", "recording"),
    "split": ("split", "subset", "partition", "set"),
    "hand": ("hand", "handedness", "side"),
}
"""Columns that say more of a frame, by what they say."""

FIELD_OF_VIEW = 0.95
"""Focal length of an unknown camera, as a share of the width: about 55 degrees."""

MARKS = (2001, 32001, 65535, 10000)
"""What devices and data sets write where no depth was seen, besides 0."""

MARK_SHARE = 0.02
"""Share of a frame's pixels from which on such a number is taken for a mark."""

METRES_BELOW = 20.0
"""A middle depth below this is metres."""


DEPTH_SCALES = ("depth_scale", "depth_units", "depth_unit")
"""Names of the unit of depth beside intrinsics."""


@dataclass(kw_only=True)
class Guess:
    """Values by key of `dataset.toml`, and which of them are guessed."""

    values: dict[str, Any] = field(default_factory=dict)
    guessed: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    """What a value was taken from, by key."""

    def put(self, key: str, value: Any, why: str = "", *, sure: bool = False) -> None:
        """Take a value down, as a guess unless it is sure."""
        self.values[key] = value
        if why:
            self.reasons[key] = why
        if not sure:
            self.guessed.append(key)


def look(folder: Path, table: str | None = None) -> Guess:
    """What a folder seems to be.

    Args:
        folder: Holds a table, and frames in itself or in folders in it.
        table: The table's name, if the folder holds more than one.

    Raises:
        ValueError: If there is no such folder, not one table, no frame that the table
            names, or no joint in it.
    """
    if not folder.is_dir():
        raise ValueError(f"`folder` must be a folder that exists, got {str(folder)!r}.")
    path, form = guessed_files.table(folder, table)
    held = tables.read(path, form)
    found = Guess()
    found.put("table.file", path.relative_to(folder).as_posix(), sure=True)
    found.put("table.form", form, sure=True)
    column, pattern, place, frame = guessed_files.frames(folder, held)
    found.put("table.frame", column, sure=True)
    found.put("frames.name", pattern, sure=True)
    found.put("frames.folder", place, sure=True)
    steps = frame_files.numbers(frame)
    _pixels(steps, found)
    _camera(folder, steps.shape[1], steps.shape[0], found)
    joints, guessed = guessed_joints.look(held)
    for key, value in joints.items():
        found.put(f"joints.{key}", value, sure=key not in guessed)
    _more(held, found)
    return _fitted(folder, held, found)


def _pixels(steps: np.ndarray, found: Guess) -> None:
    """What the numbers of a frame mean."""
    plain = steps
    if steps.ndim == 3:
        used = [place for place in range(3) if steps[..., place].any()]
        used.sort(key=lambda place: len(np.unique(steps[..., place])))
        channels = [0.0, 256.0, 1.0]
        if len(used) == 2:  # the high byte has fewer values than the low one
            channels = [256.0 if n == used[0] else 1.0 * (n in used) for n in range(3)]
        found.put("frames.channels", channels, "the colours of the first frame")
        plain = steps[..., :3] @ np.array(channels)
    marks = [0.0] + [
        float(mark) for mark in MARKS if (plain == mark).mean() > MARK_SHARE
    ]
    seen = plain[np.isfinite(plain) & ~np.isin(plain, marks)]
    middle = float(np.median(seen)) if len(seen) else math.inf
    metres = middle < METRES_BELOW
    found.put(
        "frames.unit_mm",
        1000.0 if metres else 1.0,
        f"the first frame's middle number is {middle:g}",
    )
    found.put("frames.nothing", marks, "numbers that stand often in the first frame")


def _camera(folder: Path, width: int, height: int, found: Guess) -> None:
    """The camera that a JSON file beside the table tells, else one of this size."""
    for path in sorted([*folder.glob("*.json"), *folder.glob("*/*.json")]):
        held = guessed_files.json_of(path)
        camera = _told(held, width, height)
        if camera is not None:
            why = f"read from {path.relative_to(folder).as_posix()}"
            found.put("camera", camera, why, sure=True)
            unit_mm = _told_unit(held)
            if unit_mm is not None:
                found.guessed.remove("frames.unit_mm")
                found.put("frames.unit_mm", unit_mm, why, sure=True)
            return
    for name in BY_SIZE:
        known = CAMERAS[name]
        if (known.width_px, known.height_px) == (width, height):
            found.put(
                "camera", known, f"that of the {name}, whose frames have this size"
            )
            return
    focal = round(FIELD_OF_VIEW * width, 1)
    camera = Camera(focal, focal, width / 2, height / 2, width, height)
    found.put("camera", camera, "no known camera has frames of this size")


def _told(held: Any, width: int, height: int) -> Camera | None:
    """The camera of intrinsics, as SDKs write them (`ppx` is `cx`)."""
    for inner in ("depth", "depth_intrinsics", "intrinsics", "camera"):
        if isinstance(held, dict) and isinstance(held.get(inner), dict):
            held = held[inner]
    if not isinstance(held, dict):
        return None
    names = (("fx",), ("fy",), ("cx", "ppx"), ("cy", "ppy"))
    numbers = [next((held[n] for n in some if n in held), None) for some in names]
    if not all(type(number) in (int, float) for number in numbers):
        return None
    sides = (held.get("width", width), held.get("height", height))
    if sides != (width, height):
        return None
    fx, fy, cx, cy = map(float, numbers)  # pyright: ignore[reportArgumentType]
    sound = 0 < fx < 1e5 and 0 < fy < 1e5 and abs(cx) < 1e5 and abs(cy) < 1e5
    return Camera(fx, fy, cx, cy, width, height) if sound else None


def _told_unit(held: Any) -> float | None:
    """Millimetres of one step, where a file says metres a step or steps a metre."""
    parts = [held, *held.values()] if isinstance(held, dict) else []
    for part in parts:
        for name in DEPTH_SCALES:
            scale: Any = part.get(name) if isinstance(part, dict) else None
            if type(scale) not in (int, float) or scale == 1:
                continue
            if 1e-5 <= scale <= 1e5:
                return round(float(1000 * scale if scale < 1 else 1000 / scale), 9)
    return None


def _more(table: Table, found: Guess) -> None:
    """Hand, person, sequence and split, if columns are called so."""
    small = {name.lower(): name for name in table.columns}
    for what, names in COLUMNS.items():
        column = next((small[name] for name in names if name in small), None)
        if column is None:
            continue
        key = {"hand": "hand.column", "split": "split.column"}.get(
            what, f"table.{what}"
        )
        found.put(key, column, sure=True)
    if "hand.column" not in found.values:
        found.put("hand", "right")
    by = "column" if "split.column" in found.values else "time"
    if by == "time":
        for way in ("sequence", "person"):
            column = found.values.get(f"table.{way}")
            if column and len({str(row.get(column)) for row in table.rows}) > 1:
                by = way
    found.put("split.by", by, sure=True)
    found.put("centres.from", "depth", sure=True)


def _fitted(folder: Path, table: Table, found: Guess) -> Guess:
    """Let signs and unit be those with which the first label lies on its frame."""
    known = "frames.unit_mm" not in found.guessed
    fitted, share = guessed_fit.look(folder, table, found.values, unit_is_known=known)
    why = f"{share:.0%} of the first label's joints then lie on what its frame shows"
    for key, value in fitted.items():
        if key == "joints.axes" or value != found.values[key]:
            found.reasons[key] = why
        found.values[key] = value
    return found
