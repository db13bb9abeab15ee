"""Centres of hands for many frames, from a text file: u, v in pixels and depth in mm.

A row is `U V D` or `NAME U V D`, with white space or commas between; all rows have
names or none has. A first row without numbers is a heading. Blank rows are passed over.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.data.crops.centre import FARTHEST_MM, NEAREST_MM
from cnets.data.files import file_bytes
from cnets.inference import frame_names


@dataclass(frozen=True, kw_only=True)
class Centres:
    """A centre a frame."""

    uvd: np.ndarray
    """float32 [frames, 3], pixels and millimetres."""
    by_name: bool
    """Whether rows were matched by name, or taken in the order of the frames."""


def read(
    path: Path, frames: Sequence[str], size_px: tuple[int, int] | None = None
) -> Centres:
    """The centres of some frames.

    Args:
        path: The file.
        frames: Names of the frames, in their order.
        size_px: Width and height of the frames; None if they are not known.

    Raises:
        ValueError: If the file cannot be read, a row has other than three numbers or
            lies out of reach or outside its frame, or frames and rows do not fit.
    """
    rows = _rows(path)
    named = [len(cells) == 4 for _, cells in rows]
    if any(named) and not all(named):
        raise ValueError(
            f"{path} must have names in all rows or in none, and row "
            f"{rows[named.index(False)][0]} has none."
        )
    every = [_centre(path, row, cells, size_px) for row, cells in rows]
    uvd = np.array(every, np.float32)
    if not all(named):
        if len(rows) != len(frames):
            raise ValueError(
                f"{path} must have a row for each of the {len(frames)} frames, or their "
                f"names, got {len(rows)} rows."
            )
        return Centres(uvd=uvd, by_name=False)
    places = frame_names.places([cells[0] for _, cells in rows], frames, path)
    of_frame = {place: row for row, place in enumerate(places) if place is not None}
    missing = [name for place, name in enumerate(frames) if place not in of_frame]
    if missing:
        raise ValueError(
            f"{path} must name all {len(frames)} frames, and lacks {len(missing)}: "
            f"{frame_names.listed(missing)}."
        )
    return Centres(uvd=uvd[[of_frame[p] for p in range(len(frames))]], by_name=True)


def check(
    what: str, uvd: Sequence[float] | np.ndarray, size_px: tuple[int, int] | None
) -> None:
    """Refuse a centre that no hand in reach can have.

    Args:
        what: Whose centre it is, for the error.
        uvd: Its numbers, pixels and millimetres.
        size_px: Width and height of the frame; None if they are not known.

    Raises:
        ValueError: If it lies out of reach, or outside the frame.
    """
    u, v, depth = (float(number) for number in uvd)
    if not NEAREST_MM <= depth <= FARTHEST_MM:
        raise ValueError(
            f"{what} must have a depth of {NEAREST_MM:g} to {FARTHEST_MM:g} mm, got "
            f"{depth:g}; is it in another unit?"
        )
    if size_px is not None and not (0 <= u < size_px[0] and 0 <= v < size_px[1]):
        raise ValueError(
            f"{what} must lie in the frame of {size_px[0]} x {size_px[1]} pixels, got "
            f"{u:g}, {v:g}; are they millimetres, or pixels of another size?"
        )


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The cells of the rows that hold a centre, with the rows' numbers."""
    file_bytes.check_file(path)  # a pipe would be waited for
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"`centers` must be a text file, {path}: {error}.") from error
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = _cells(line)
        if cells and (rows or any(map(_is_number, cells[-3:])) or number > 1):
            rows.append((number, cells))
    if not rows:
        raise ValueError(f"{path} must hold a row U V D or more, and holds none.")
    return rows


def _cells(line: str) -> list[str]:
    """Cells between commas if there are any, else between white space."""
    if "," not in line:
        return line.split()
    cells = [cell.strip().strip('"') for cell in line.split(",")]
    return cells if any(cells) else []


def _centre(
    path: Path, row: int, cells: list[str], size_px: tuple[int, int] | None
) -> list[float]:
    """The three numbers of a row."""
    numbers = cells[-3:]
    if len(cells) not in (3, 4) or not all(map(_is_number, numbers)):
        raise ValueError(
            f"{path} must have rows U V D or NAME U V D of finite numbers, got "
            f"{' '.join(cells)[:60]!r} in row {row}."
        )
    uvd = [float(number) for number in numbers]
    check(f"{path}, row {row},", uvd, size_px)
    return uvd


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False
