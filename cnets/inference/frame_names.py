"""Which row of somebody's file is which frame: names are compared from their ends.

A name may have more folders in front than the frame's own, or fewer; the folders that
both have must be the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath


SHOWN = 3
"""Most names that one sentence has."""


def places(names: Sequence[str], frames: Sequence[str], path: Path) -> list[int | None]:
    """The frame that each name stands for.

    Args:
        names: One a row of the file, in any order.
        frames: Names of the frames, each once.
        path: The file, for an error.

    Returns:
        Positions in `frames`; None for a name that no frame has.

    Raises:
        ValueError: If a name fits several frames, or two names the same one.
    """
    alike: dict[str, list[int]] = defaultdict(list)
    for place, frame in enumerate(frames):
        alike[_parts(frame)[-1]].append(place)
    found: list[int | None] = []
    rows: dict[int, int] = {}
    for row, name in enumerate(names, 1):
        parts = _parts(name)
        fit = [p for p in alike[parts[-1]] if _same_end(parts, _parts(frames[p]))]
        exact = [place for place in fit if _parts(frames[place]) == parts]
        fit = exact or fit
        if len(fit) > 1:
            raise ValueError(
                f"{path} must say which frame is meant, and {name!r} (name {row}) fits "
                f"{len(fit)}: {listed([frames[place] for place in fit])}."
            )
        place = fit[0] if fit else None
        if place is not None and rows.setdefault(place, row) != row:
            raise ValueError(
                f"{path} must name each frame once, and names {rows[place]} and {row} "
                f"both mean {frames[place]!r}."
            )
        found.append(place)
    return found


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _parts(name: str) -> tuple[str, ...]:
    """The folders and the last name, whichever stroke stands between them."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return tuple(part for part in parts if part not in ("/", "..")) or (name,)


def _same_end(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    common = min(len(first), len(second))
    return first[-common:] == second[-common:]
