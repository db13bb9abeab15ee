"""What the cells of a table mean: names of frames, points, hands, parts of a split."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from cnets import suggestions
from cnets.data.files import label_files
from cnets.data.readers.folder.keys import FRAME_PLACE, Points
from cnets.data.readers.folder.tables import Table
from cnets.data.splits import TEST, TRAIN, UNUSED, VALIDATION


NONE = ("", "nan", "na", "n/a", "null", "none", "-")
"""Words for a number that is missing, in small letters."""

PARTS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "valid", "val", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
    **dict.fromkeys(("unused", *NONE), UNUSED),
}
"""What a frame is for, by the word for it in small letters."""

HANDS = {"right": "right", "r": "right", "left": "left", "l": "left"}
"""Which hand, by the word for it in small letters."""


def check_columns(table: Table, wanted: Mapping[str, Sequence[str]]) -> None:
    """Refuse a description that names columns the table lacks.

    Args:
        table: The table.
        wanted: Columns by the key that names them.

    Raises:
        ValueError: If one is not there.
    """
    known = set(table.columns)
    for key, names in wanted.items():
        for name in names:
            if name not in known:
                near = suggestions.nearest(name, table.columns)
                raise ValueError(
                    f"{table.path} must have the column {name!r:.80}, which `{key}` "
                    f"names{near:.400}"
                )


def files(table: Table, column: str, pattern: str, folder: Path) -> tuple[Path, ...]:
    """The file of each row, inside the folder, each once.

    Raises:
        ValueError: If a name is missing, leads out of the folder, or comes twice.
    """
    found: dict[str, int] = {}
    for row, cells in enumerate(table.rows):
        name = _file_name(table, row, cells.get(column), pattern)
        pure = PurePosixPath(name)
        inside = not pure.is_absolute() and ".." not in pure.parts and pure.parts
        if not (inside and name.isprintable() and "\\" not in name):
            raise ValueError(
                f"{table.path} must name frames inside {folder}, got {name[:80]!r} "
                f"{table.where(row)}."
            )
        plain = pure.as_posix()
        if plain in found:
            raise ValueError(
                f"{table.path} must name each frame once, got {plain[:80]!r} in "
                f"{table.places[found[plain]]} and {table.places[row]}."
            )
        found[plain] = row
    return tuple(folder / name for name in found)


def _file_name(table: Table, row: int, value: Any, pattern: str) -> str:
    """The name of a row's file."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and math.isfinite(value) and value == int(value):
        value = str(int(value))
    if not isinstance(value, str) or value.strip().lower() in NONE:
        raise ValueError(
            f"{table.path} must name a frame in every row, got {value!r:.40} "
            f"{table.where(row)}."
        )
    name = value.strip()
    zeros = FRAME_PLACE.search(pattern)
    if zeros is not None and zeros.group(1):
        if not (name.isascii() and name.isdigit()) or len(name) > 18:
            raise ValueError(
                f"{table.path} must number its frames, because `frames.name` has a "
                f"number, got {name[:40]!r} {table.where(row)}."
            )
        return pattern.replace(
            zeros.group(), name.lstrip("0").zfill(int(zeros.group(1)))
        )
    return pattern.replace("{frame}", name)


def points(
    table: Table, how: Points, count: int, missing: Sequence[float] = ()
) -> np.ndarray:
    """Points of each row, in the units of the table.

    Args:
        table: The table.
        how: Which columns hold them.
        count: Points a row.
        missing: A point all of whose numbers are one of these is not known.

    Returns:
        float64 [rows, count, numbers]; a point of which a number is missing is NaN,
        one whose `visible` is 0 too.

    Raises:
        ValueError: If a row has another count of numbers, or something that is none.
    """
    size = len(how.axes)
    found = np.empty((len(table.rows), count * size))
    for row, cells in enumerate(table.rows):
        found[row] = _numbers(table, row, cells, how, count * size)
    held = found.reshape(-1, count, size)
    seen = [place for place, axis in enumerate(how.axes) if axis != "visible"]
    lost = np.any(np.isnan(held[..., seen]), axis=-1, keepdims=True)
    if missing:
        marked = np.isin(held[..., seen], missing)
        lost |= np.all(marked, axis=-1, keepdims=True)
    if "visible" in how.axes:
        place = how.axes.index("visible")
        lost |= ~(held[..., place : place + 1] > 0)
    return np.where(lost, np.nan, held * how.signs)


def _numbers(
    table: Table, row: int, cells: Mapping[str, Any], how: Points, count: int
) -> list[float]:
    """The numbers of one row."""
    if len(how.columns) > 1:
        held = [cells.get(name) for name in how.columns]
    else:
        held = flat(cells.get("".join(how.columns)))
        if not held:
            return [math.nan] * count
    if len(held) != count:
        raise ValueError(
            f"{table.path} must have {count} numbers in every row, got {len(held)} "
            f"{table.where(row)}."
        )
    numbers = []
    for place, cell in enumerate(held):
        number = _number(cell)
        if not abs(number) <= label_files.LARGEST and not math.isnan(number):
            column = how.columns[place if len(how.columns) > 1 else 0]
            raise ValueError(
                f"{table.path} must hold numbers up to {label_files.LARGEST:g} in "
                f"column {column[:60]}, got {cell!r:.40} {table.where(row)}."
            )
        numbers.append(number)
    return numbers


def flat(value: Any) -> list[Any]:
    """The numbers in a cell: lists in a list, or words in a text; none in none."""
    if isinstance(value, str):
        if value.strip().lower() in NONE:
            return []
        return value.strip().strip("[]()").replace(",", " ").replace(";", " ").split()
    if not isinstance(value, list | tuple):
        return [] if value is None else [value]
    flat = []
    for part in value:
        flat += part if isinstance(part, list | tuple) else [part]
    return flat


def _number(cell: Any) -> float:
    """What a cell says: NaN where it says that nothing is known, infinite if no number."""
    if cell is None:
        return math.nan
    if isinstance(cell, str):
        word = cell.strip()
        if word.lower() in NONE:
            return math.nan
        if "_" in word or not word.isascii():
            return math.inf
    elif isinstance(cell, bool) or not isinstance(cell, int | float):
        return math.inf
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return math.inf


def words(
    table: Table, column: str, meanings: Mapping[str, Any], rule: str
) -> list[Any]:
    """What a column of words says.

    Raises:
        ValueError: If a word is not known.
    """
    found = []
    for row, cells in enumerate(table.rows):
        value = cells.get(column)
        word = "" if value is None else str(value).strip().lower()
        if word not in meanings:
            raise ValueError(
                f"{table.path} must have {rule} in column {column[:60]}, got "
                f"{value!r:.40} {table.where(row)}."
            )
        found.append(meanings[word])
    return found


def groups(table: Table, column: str) -> np.ndarray:
    """A number for each value of a column, in the order in which they come; int32.

    Raises:
        ValueError: If a row has none.
    """
    numbers: dict[str, int] = {}
    found = np.empty(len(table.rows), np.int32)
    for row, cells in enumerate(table.rows):
        value = cells.get(column)
        plain = isinstance(value, str | int | float) and not isinstance(value, bool)
        text = str(value).strip() if plain else ""
        if text.lower() in NONE:
            raise ValueError(
                f"{table.path} must have a value in column {column[:60]}, got "
                f"{value!r:.40} {table.where(row)}."
            )
        found[row] = numbers.setdefault(text, len(numbers))
    return found
