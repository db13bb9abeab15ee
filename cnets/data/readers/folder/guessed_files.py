"""Which file of a folder is the table, and how it names the frames."""

import json
import re
from pathlib import Path
from typing import Any

from cnets.data.files import frame_files
from cnets.data.readers.folder import tables
from cnets.data.readers.folder.tables import Table


FORMS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".json": "coco",
    ".txt": "text",
}
"""Form of a table by the end of its name."""

FRAME_NAMES = (
    "frame",
    "file_name",
    "filename",
    "file",
    "depth",
    "image",
    "path",
    "name",
)
"""Columns that are likely to name frames, the likeliest first."""


def table(folder: Path, name: str | None) -> tuple[Path, str]:
    """The table of a folder and its form.

    Args:
        folder: Where it lies, JSON files in folders in it too.
        name: Which it is, if it is said.

    Raises:
        ValueError: If there is not one table, or not that one.
    """
    if name is not None:
        path = folder / name
        form = FORMS.get(_ending(path))
        if form is None or not path.is_file():
            raise ValueError(
                f"`table` must be a file in {folder} that ends in "
                f"{', '.join(FORMS)}, got {name!r}."
            )
        return path, form
    files = [path for path in sorted(folder.glob("*")) if path.is_file()]
    files += [path for path in sorted(folder.glob("*/*.json")) if path.is_file()]
    found = [
        (path, FORMS[_ending(path)])
        for path in files
        if _ending(path) in FORMS and path.name[0] != "." and _is_table(path)
    ]
    if len(found) != 1:
        names = ", ".join(path.relative_to(folder).as_posix() for path, _ in found)
        raise ValueError(
            f"{folder} must hold one table ({', '.join(FORMS)}), and holds "
            f"{names[:200] or 'none'}; name it with --table."
        )
    return found[0]


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _is_table(path: Path) -> bool:
    """Whether a JSON file is COCO's and a text has names of frames."""
    if _ending(path) == ".json":
        held = json_of(path)
        return isinstance(held, dict) and {"images", "annotations"} <= held.keys()
    if _ending(path) == ".txt":
        try:
            row = tables.read(path, "text").rows[0]
        except ValueError:
            return False
        named = Path(row[tables.FRAME].lower()).suffix in frame_files.ENDINGS
        return (
            named and len(row[tables.JOINTS]) % 3 == 0 and len(row[tables.JOINTS]) > 3
        )
    return True


def json_of(path: Path) -> Any:
    """What a JSON file holds; None if it holds none."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def frames(folder: Path, table: Table) -> tuple[str, str, str, Path]:
    """Column, pattern and folder of the frames' names, and the first frame.

    Raises:
        ValueError: If the first row of the table names no frame that is there.
    """
    files = [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in frame_files.ENDINGS and path.name[0] != "."
    ]
    files.sort(key=lambda name: "depth" not in name.lower())  # beside colour images
    order = [name for name in FRAME_NAMES if name in table.columns]
    order += [name for name in table.columns if name not in order]
    for column in order:
        for name in files:
            for pattern, place in _patterns(name, table.rows[0].get(column)):
                return column, pattern, place or ".", folder / name
    raise ValueError(
        f"{table.path} must name frames that lie in {folder} "
        f"({', '.join(frame_files.ENDINGS)}), and its first row names none of "
        f"{len(files)}."
    )


def _patterns(name: str, value: Any) -> list[tuple[str, str]]:
    """The pattern and the folder by which a value would be a file; none or one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return []
    text, ending = str(value).strip(), Path(name).suffix
    for tail in (text, f"{text}{ending}") if text else ():
        if name == tail or name.endswith(f"/{tail}"):
            pattern = "{frame}" if tail == text else f"{{frame}}{ending}"
            return [(pattern, name[: -len(tail)].rstrip("/"))]
    digits = re.search(r"(\d+)(\D*)$", name)
    if digits and text.isascii() and text.isdigit() and int(digits[1]) == int(text):
        before = Path(name[: digits.start()] + "-").name[:-1]
        place = name[: digits.start() - len(before)].rstrip("/")
        number = f"{{frame:0{len(digits[1])}d}}"
        return [(f"{before}{number}{digits[2]}", place)]
    return []
