"""A first `dataset.toml`, with a comment at every key."""

import json
from typing import Any

from cnets.cameras import Camera
from cnets.data.readers.folder import keys
from cnets.data.readers.folder.guess import Guess


HEAD = """\
# What the frames and the table of this folder mean; every key: docs/own-data.md.

# What was guessed, and not read anywhere. Every command repeats it until you have
# looked and taken the key out of this list.
"""

TITLES = {
    "camera": "Pixels: focal lengths and principal point, then the size of the frames.",
    "frames": "The depth frames.",
    "table": "The table: a row a frame, in the order of time.",
    "joints": "What a row says of the hand.",
    "centres": "Where the middle of each hand is.",
    "split": "What is for training, validation and test.",
}
"""The comment above each part of the file."""

COMMENTS = {
    "hand": "Which hand the frames show, right or left; or hand = {column = ...}.",
    "frames.folder": "Names in the table are relative to this folder.",
    "frames.name": "{frame} is what the table says.",
    "frames.unit_mm": "Millimetres of one step of depth.",
    "frames.nothing": 'Steps that mean "no depth".',
    "frames.channels": "What red, green and blue count in steps.",
    "table.form": "csv, jsonl, parquet, coco or text.",
    "table.frame": "The column that names the frame.",
    "table.person": "The column that says who it is.",
    "table.sequence": "The column that says which sequence it is of.",
    "joints.parents": 'The joint that each hangs on; "" for none.',
    "joints.root": "The joint that stands for the place of the hand.",
    "joints.evaluated": "The joints that errors are taken over.",
    "joints.axes": 'Order and signs: "-y" points down, u and v are pixels, d is depth.',
    "joints.columns": "A pattern, a list of columns, or one column with all numbers.",
    "joints.unit_mm": "Millimetres of one step of x, y, z and d.",
    "joints.missing": "A joint all of whose numbers are one of these is not known.",
    "joints.behind_mm": "How far a joint lies behind the pixel that shows it.",
    "centres.from": "depth (found in the frame), labels (mean of the joints) or columns.",
    "split.by": "column, person, sequence or time.",
    "split.column": "Its words: train, validation, test, or nothing.",
}
"""The comment at each key."""

CAMERA = ("fx", "fy", "cx", "cy", "width", "height")
"""Keys of a camera, in the order of its fields."""


def text(found: Guess) -> str:
    """The file's text, which `description.read` takes as it is."""
    lines = [f"{HEAD}guessed = {_value(found.guessed)}", ""]
    if "hand" in found.values:
        lines += _entry("hand", found)
    else:
        column = _value(found.values["hand.column"])
        lines += [f"# {COMMENTS['hand']}", f"hand = {{column = {column}}}"]
    for part, title in TITLES.items():
        lines += ["", f"# {title}", f"[{part}]"]
        if part == "camera":
            lines += _camera(found)
        for name in keys.KEYS[part]:
            key = f"{part}.{name}"
            if key in found.values:
                lines += _entry(key, found)
    return "\n".join(lines) + "\n"


def _camera(found: Guess) -> list[str]:
    camera: Camera = found.values["camera"]
    numbers = (camera.fx, camera.fy, camera.cx, camera.cy)
    sides = (camera.width_px, camera.height_px)
    reason, guessed = found.reasons["camera"], "camera" in found.guessed
    why = [f"# A guess: {reason}." if guessed else f"# {reason.capitalize()}."]
    pairs = zip(CAMERA, (*numbers, *sides), strict=True)
    return why + [f"{key} = {value}" for key, value in pairs]


def _entry(key: str, found: Guess) -> list[str]:
    """A key with the comments above it."""
    lines = [f"# {COMMENTS[key]}"] if key in COMMENTS else []
    if key in found.guessed:
        reason = found.reasons.get(key)
        lines.append(f"# A guess{f': {reason}' if reason else ''}.")
    elif key in found.reasons:
        lines.append(f"# {found.reasons[key].capitalize()}.")
    return [*lines, f"{key.rpartition('.')[2]} = {_value(found.values[key])}"]


def _value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, list):
        held = [_value(one) for one in value]
        line = f"[{', '.join(held)}]"
        if len(line) < 76:
            return line
        rows = "".join(
            f"  {', '.join(held[n : n + 4])},\n" for n in range(0, len(held), 4)
        )
        return f"[\n{rows}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
