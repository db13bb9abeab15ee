"""Ways to split a described set: by a column, by person or sequence, by time."""

import numpy as np

from cnets.data import splits
from cnets.data.readers.folder import values
from cnets.data.readers.folder.description import Description
from cnets.data.readers.folder.tables import Table
from cnets.data.splits import TEST, TRAIN, UNUSED, VALIDATION


HELD_OUT_SHARE = 0.15
"""Share of a short table that is for validation, and as much for test."""

LEAST_FRAMES = 3
"""Fewest frames that are split by time: one for each part."""


def of(
    table: Table, told: Description, groups: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The ways to split the set; the one of the description comes first.

    Args:
        table: The rows.
        told: Which way is wished, and by which columns.
        groups: Numbers of persons and sequences, of the columns that there are.

    Raises:
        ValueError: If the wished way needs more frames, persons or sequences, or a word
            of the column is unknown.
    """
    ways: dict[str, np.ndarray] = {}
    if told.split_column:
        ways["column"] = _by_column(table, told)
    person = groups.get("person", groups.get("sequence"))
    if person is None:
        person = np.zeros(len(table.rows), np.int32)
    for name, numbers in groups.items():
        count = len(np.unique(numbers))
        if count >= 3:
            ways[name] = splits.by_person(numbers)
        elif count == 2:
            ways[name] = splits.last_person(numbers)
        elif told.split == name:
            raise ValueError(
                f"{table.path} must have frames of two or more in column "
                f"{getattr(told, name)}, because `split.by` is {name!r}, got {count}."
            )
    try:
        ways["time"] = splits.blocks(person)
    except ValueError:  # too short for blocks with gaps of 50 frames between them
        if len(person) >= LEAST_FRAMES:
            ways["time"] = _short(len(person))
        elif told.split == "time":
            raise ValueError(
                f"{table.path} must have {LEAST_FRAMES} frames or more to be split by "
                f"time, got {len(person)}."
            ) from None
    return {told.split: ways[told.split]} | ways


def _by_column(table: Table, told: Description) -> np.ndarray:
    """The parts that a column names; its end of train is for validation if it must."""
    rule = "train, validation, test or nothing"
    parts = values.words(table, told.split_column, values.PARTS, rule)
    split = np.array(parts, np.int8)
    if VALIDATION not in split and TRAIN in split:
        rows = np.flatnonzero(split == TRAIN)
        part = _short(len(rows), parts=1)
        split[rows] = part
    return split


def _short(frames: int, parts: int = 2) -> np.ndarray:
    """Train, then the end of the time for validation and, of two parts, test.

    Between them are gaps of a twentieth of the frames, 50 at most: a short table has
    no room for more.
    """
    split = np.full(frames, TRAIN, np.int8)
    held = max(1, round(HELD_OUT_SHARE * frames))
    gap = min(splits.GAP_FRAMES, frames // 20)
    stop = frames
    for kind in (TEST, VALIDATION)[-parts:]:
        start = max(0, stop - held)
        split[start:stop] = kind
        split[max(0, start - gap) : start] = UNUSED
        stop = max(0, start - gap)
    return split
