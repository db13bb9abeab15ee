"""Which files a folder has: the one way in which every reader lists them.

Hidden files and folders (`._x`, `.DS_Store`) are passed over, links to folders are
followed, an ending counts in either case, and 2 comes before 10.
"""

import re
from collections.abc import Sequence
from pathlib import Path


def under(root: Path, endings: Sequence[str]) -> tuple[Path, ...]:
    """The files in a folder and in the folders in it, in their natural order.

    A folder that can be reached by several ways is listed once, so that links may
    lead round in a circle.

    Args:
        root: The folder; files below it keep the names by which they were reached.
        endings: Such as `.png`, in small letters; a name that ends so in any case
            counts.

    Raises:
        ValueError: If a folder cannot be listed.
    """
    found, known, waiting = [], set(), [root]
    while waiting:
        folder = waiting.pop(0)
        if (real := folder.resolve()) in known:
            continue
        known.add(real)
        for name in _names(folder):
            path = folder / name
            if path.is_dir():
                waiting.append(path)
            elif name.lower().endswith(tuple(endings)) and path.is_file():
                found.append(path)
    return tuple(sorted(found, key=natural))


def natural(path: Path) -> tuple[list[list[str | int]], str]:
    """What to sort paths by, so that the numbers in them count as numbers."""
    parts = [re.split(r"([0-9]+)", part) for part in path.parts]
    return [
        [int(s) if at % 2 else s for at, s in enumerate(part)] for part in parts
    ], str(path)


def located(wanted: Sequence[Path]) -> list[Path | None]:
    """For each file the one that is there, by one listing of each folder.

    The ending of its name may be there in another case; None where there is none.
    """
    held: dict[Path, dict[str, Path]] = {}
    found = []
    for path in wanted:
        folder = path.parent
        if folder not in held:
            held[folder] = {_key(name): folder / name for name in _names(folder)}
        found.append(held[folder].get(_key(path.name)))
    return found


def numbered(folder: Path, start: str, end: str) -> dict[int, Path]:
    """The files of a folder by the number in their names, however many digits it has.

    Args:
        folder: Where they lie.
        start: What stands before the number.
        end: What stands behind it; its case does not count.

    Raises:
        ValueError: If two files have one number.
    """
    pattern = re.compile(re.escape(start) + "([0-9]+)(?i:" + re.escape(end) + ")")
    found: dict[int, Path] = {}
    for name in _names(folder):
        match = pattern.fullmatch(name)
        if match is None:
            continue
        number = int(match[1])
        if number in found:
            raise ValueError(
                f"{folder} must hold one image of each number, and holds "
                f"{found[number].name} and {name}."
            )
        found[number] = folder / name
    return found


def _names(folder: Path) -> list[str]:
    """Names in a folder that are not hidden; none if there is no such folder."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ValueError(f"{folder} cannot be listed: {error.strerror}.") from error
    return [name for name in names if not name.startswith(".")]


def _key(name: str) -> str:
    """A name with its ending in small letters."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}{dot}{ending.lower()}"
