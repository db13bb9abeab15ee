"""Predictions as people have them, held against the frames and joints of labels.

Four forms, each plain or gzipped: rows of numbers in the order of the labels; rows with
the frame's name first, in any order; a table whose header names joints (`wrist_x`);
and what `crossnets predict` writes, as CSV or JSON. Blank rows are passed over.
"""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cnets.data.files import file_bytes
from cnets.data.files.label_files import LARGEST, MOST_BYTES, without_marks
from cnets.inference import frame_names


FRAME = (
    *("frame", "name", "image", "file", "filename", "file_name", "frame_name"),
    *("image_name", "image_path", "path"),
)
"""Headings of the column with the frame's name, in any case."""

UNITS = {"xyz": ("x", "y", "z"), "uvd": ("u", "v", "d")}
"""Axes of a joint by the unit of its numbers."""

COLUMN = re.compile(r"(.+?)[_.: -]([xyzuvd])(?:_?(?:mm|px))?", re.IGNORECASE)
"""Heading of a column of one number of a joint."""

LONG = ("frame", "joint", "x_mm", "y_mm", "z_mm")
"""Columns of what `crossnets predict` writes."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a file of predictions must hold."""

    frames: int
    """Frames of the labels."""
    names: tuple[str, ...]
    """Their names; none if the labels have none."""
    joints: tuple[str, ...]
    """Names of the joints that are labelled."""
    whole: tuple[str, ...]
    """Names of all joints of the hand."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a file of predictions holds."""

    points: np.ndarray
    """float64 [frames, joints of the labels, 3]; NaN where no hand was found."""
    unit: str | None
    """`xyz` or `uvd` if the file says it."""


def read(path: Path, wanted: Wanted) -> Read:
    """The predictions of a file, a row a frame of the labels.

    Args:
        path: The file.
        wanted: The frames and joints of the labels.

    Raises:
        ValueError: If the file cannot be read, a row is damaged, or frames or joints
            are missing; the sentence names some of them.
    """
    text = _text(path)
    if text.lstrip()[:1] == "[":
        return _objects(path, text, wanted)
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise ValueError(f"{path} must hold one row or more, and is empty.")
    head = _cells(lines[0][1])
    if set(LONG) <= set(head):
        return _long(path, lines, wanted)
    if any(COLUMN.fullmatch(cell) for cell in head) and not any(map(_number, head)):
        return _headed(path, lines, wanted)
    return _rows(path, lines, wanted)


def _rows(path: Path, lines: Sequence[tuple[int, str]], wanted: Wanted) -> Read:
    """Rows of numbers, each with a name in front or none with one."""
    rows = [(number, _words(line)) for number, line in lines]
    first = rows[0][1]
    named = not _number(first[0]) and len(first) % 3 == 1
    held, whole = 3 * len(wanted.joints), 3 * len(wanted.whole)
    columns = len(first) - named
    if columns not in (held, whole):
        known = " or ".join(str(count) for count in sorted({held, whole}))
        raise ValueError(
            f"{path} must have {known} numbers in every row, got {columns} in row "
            f"{rows[0][0]}{_cause(lines[0][1], columns, (held, whole))}."
        )
    points = np.empty((len(rows), columns))
    for place, (number, cells) in enumerate(rows):
        points[place] = _numbers(path, number, cells[named:], columns, named)
    points = points.reshape(len(rows), -1, 3)
    if columns == whole:
        points = points[:, [wanted.whole.index(name) for name in wanted.joints]]
    names = [cells[0] for _, cells in rows] if named else None
    return Read(points=_placed(path, points, names, wanted), unit=None)


def _cause(line: str, columns: int, wanted: tuple[int, int]) -> str:
    """Why a row has another count of numbers, in words, if it is known."""
    if line.lstrip()[:1] == "{":
        return "; JSON must be a list of objects, as predict writes it"
    if ";" in line:
        return "; blanks or commas must stand between them, not semicolons"
    if columns in [2 * count for count in wanted]:
        return "; numbers must have a decimal point, not a comma"
    return ""


def _headed(path: Path, lines: Sequence[tuple[int, str]], wanted: Wanted) -> Read:
    """A table whose header names the joints of its columns."""
    head = _cells(lines[0][1])
    unit, places = _columns(path, head, wanted)
    frames = [place for place, cell in enumerate(head) if cell.lower() in FRAME]
    frame = frames[0] if frames else None
    points, names = [], []
    for number, line in lines[1:]:
        cells = _cells(line)
        if len(cells) != len(head):
            raise ValueError(
                f"{path} must have {len(head)} cells in every row, as its header has, "
                f"got {len(cells)} in row {number}."
            )
        chosen = [cells[place] for place in places]
        points.append(_numbers(path, number, chosen, len(places), named=False))
        names.append("" if frame is None else cells[frame])
    if frame is None:
        _check_order(path, head, [_cells(line) for _, line in lines[1:]])
    made = np.reshape(points, (len(points), len(wanted.joints), 3))
    placed = _placed(path, made, None if frame is None else names, wanted)
    return Read(points=placed, unit=unit)


def _check_order(path: Path, head: list[str], rows: list[list[str]]) -> None:
    """Refuse rows without a frame's name of which a column says another order."""
    for place, title in enumerate(head):
        if COLUMN.fullmatch(title):
            continue
        cells = [row[place] for row in rows]
        if all(map(_number, cells)):
            values = [float(cell) for cell in cells]
            steps = {after - before for before, after in pairwise(sorted(values))}
            if steps != {1.0} or values == sorted(values):
                continue
        raise ValueError(
            f"{path} must have the frame's name in a column `frame` if rows are not in "
            f"the order of the labels, got a column {title!r} with {cells[0]!r} in row 2."
        )


def _columns(path: Path, head: list[str], wanted: Wanted) -> tuple[str, list[int]]:
    """The unit of a header, and the columns of the joints' numbers in their order."""
    found: dict[tuple[str, str], int] = {}
    for place, cell in enumerate(head):
        if match := COLUMN.fullmatch(cell):
            if (match[1], match[2].lower()) in found:
                raise ValueError(
                    f"{path} must have each column once, got {cell!r} twice."
                )
            found[match[1], match[2].lower()] = place
    lacking: dict[str, list[str]] = {}
    for unit, axes in UNITS.items():
        every = [(joint, axis) for joint in wanted.joints for axis in axes]
        lacking[unit] = [f"{j}_{a}" for j, a in every if (j, a) not in found]
        if not lacking[unit]:
            return unit, [found[one] for one in every]
    fewest = min(lacking.values(), key=len)
    raise ValueError(
        f"{path} must have columns for all {len(wanted.joints)} joints, and lacks "
        f"{frame_names.listed(fewest)}."
    )


def _long(path: Path, lines: Sequence[tuple[int, str]], wanted: Wanted) -> Read:
    """What `crossnets predict --format csv` writes: a row a joint."""
    head = _cells(lines[0][1])
    hands: dict[str, dict[str, list[float]]] = {}
    for number, line in lines[1:]:
        cells = dict(zip(head, _cells(line), strict=False))
        joints = hands.setdefault(cells.get("frame", ""), {})
        if cells.get("found", "").lower() == "false":
            continue
        joint = cells.get("joint", "")
        if joint in joints:
            raise ValueError(
                f"{path} must have each joint of a frame once, got {joint!r} of "
                f"{cells['frame']!r} again in row {number}."
            )
        values = [cells.get(axis, "") for axis in LONG[2:]]
        joints[joint] = _numbers(path, number, values, 3, named=False)
    return _hands(path, hands, wanted)


def _objects(path: Path, text: str, wanted: Wanted) -> Read:
    """What `crossnets predict --format json` writes: an object a frame."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must be JSON: {error}.") from error
    hands: dict[str, dict[str, list[float]]] = {}
    for number, row in enumerate(rows, 1):
        if not (isinstance(row, dict) and isinstance(row.get("frame"), str)):
            raise ValueError(f"{path} must hold objects with a frame, see {number}.")
        if row["frame"] in hands:
            raise ValueError(
                f"{path} must have each frame once, got {row['frame']!r} again in "
                f"object {number}."
            )
        joints = row.get("joints_mm")
        if row.get("found") is False:
            joints = []
        elif not isinstance(joints, list) or len(joints) != len(wanted.whole):
            many = len(joints) if isinstance(joints, list) else "none"
            raise ValueError(
                f"{path} must have the {len(wanted.whole)} joints of the hand, got "
                f"{many} in object {number}."
            )
        hands[row["frame"]] = {
            name: _numbers(path, number, _list(joint), 3, named=False)
            for name, joint in zip(wanted.whole, joints, strict=False)
        }
    return _hands(path, hands, wanted)


def _hands(
    path: Path, hands: Mapping[str, Mapping[str, list[float]]], wanted: Wanted
) -> Read:
    """Joints by name of frames by name; a frame without any shows no hand."""
    points = np.full((len(hands), len(wanted.joints), 3), np.nan)
    for place, (frame, joints) in enumerate(hands.items()):
        if not joints:
            continue
        lacking = [name for name in wanted.joints if name not in joints]
        if lacking:
            raise ValueError(
                f"{path} must have all {len(wanted.joints)} joints of a frame, and "
                f"lacks {frame_names.listed(lacking)} of {frame!r}."
            )
        points[place] = [joints[name] for name in wanted.joints]
    return Read(points=_placed(path, points, list(hands), wanted), unit="xyz")


def _placed(
    path: Path, points: np.ndarray, names: Sequence[str] | None, wanted: Wanted
) -> np.ndarray:
    """Rows in the order of the labels; those of frames without a label are left out.

    A row of marks such as 0 or -1 alone shows no hand.
    """
    points = without_marks(points)
    lacking = np.isnan(points).any(-1)
    part = np.argwhere(lacking & ~lacking.all(-1, keepdims=True))
    if len(part):
        row, joint = part[0]
        which = f"of {names[row]!r}" if names else f"in frame {row + 1}"
        raise ValueError(
            f"{path} must have all joints of a frame or none, and {wanted.joints[joint]} "
            f"{which} has three times the same number, which no joint has."
        )
    if names is None:
        if len(points) != wanted.frames:
            raise ValueError(
                f"{path} must have a row for each frame of the labels, got "
                f"{len(points)} rows and {wanted.frames} frames."
            )
        return points
    if not wanted.names:
        raise ValueError(
            f"{path} names its frames, and the labels do not: give rows of numbers "
            "alone, in the order of the labels."
        )
    places = frame_names.places(names, wanted.names, path)
    row_of = {place: row for row, place in enumerate(places) if place is not None}
    missing = [name for p, name in enumerate(wanted.names) if p not in row_of]
    unknown = [name for name, p in zip(names, places, strict=True) if p is None]
    if missing:
        more = f"; no label has {frame_names.listed(unknown)}" if unknown else ""
        raise ValueError(
            f"{path} must have all {wanted.frames} frames of the labels, and lacks "
            f"{len(missing)}: {frame_names.listed(missing)}{more}."
        )
    return points[[row_of[place] for place in range(wanted.frames)]]


def _text(path: Path) -> str:
    """A text file, unzipped if it is zipped."""
    file_bytes.check_file(path)
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b" or path.suffix == ".gz"
            file.seek(0)
            held = (gzip.GzipFile(fileobj=file) if zipped else file).read(
                MOST_BYTES + 1
            )
        if len(held) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        return held.decode("utf-8-sig")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}.") from error


def _cells(line: str) -> list[str]:
    """Cells of a table with a header: between commas if there are any."""
    if "," not in line:
        return line.split()
    (cells,) = csv.reader([line.strip()])
    return [cell.strip() for cell in cells]


def _words(line: str) -> list[str]:
    """A row's name, if it begins with one, and its numbers; a name may have blanks."""
    words = line.replace(",", " ").split()
    first, comma, rest = line.partition(",")
    name, cells = first.strip(), rest.replace(",", " ").split()
    whole = bool(comma) and len(cells) % 3 == 0 and not _number(name)
    return [name, *cells] if whole else words


def _numbers(
    path: Path, row: int, cells: Sequence[Any], columns: int, named: bool
) -> list[float]:
    """The finite numbers of a row."""
    if len(cells) != columns:
        raise ValueError(
            f"{path} must have {columns} numbers in every row, got {len(cells)} in row "
            f"{row}."
        )
    for column, cell in enumerate(cells, 1 + named):
        if not _number(cell):
            raise ValueError(
                f"{path} must hold finite numbers up to {LARGEST:g}, got "
                f"{str(cell)[:40]!r} in row {row}, column {column}."
            )
    return [float(cell) for cell in cells]


def _number(cell: Any) -> bool:
    """Whether a cell is a finite number as other programs write one."""
    plain = isinstance(cell, int | float) and not isinstance(cell, bool)
    if not plain and not (isinstance(cell, str) and cell.isascii() and "_" not in cell):
        return False
    try:
        return abs(float(cell)) <= LARGEST
    except ValueError:
        return False


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
