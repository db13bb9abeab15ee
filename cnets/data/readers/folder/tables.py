"""Tables as rows of named values, whatever form the file has.

A value is what the file holds: text, a number, a list, None. What it means is for
`values.py`. Rows are counted as an editor shows them, annotations and rows of Parquet
from 1.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnets.data.files import file_bytes


MOST_BYTES = 1 << 30
"""Longest table that is read."""

MOST_ROWS = 1 << 24
"""Most rows of a table."""

FRAME, JOINTS = "frame", "joints"
"""Columns of a text without a header: the first word, and the rest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Rows of one file, one or more."""

    path: Path
    columns: tuple[str, ...]
    """Names that a row may have."""
    rows: list[Mapping[str, Any]]
    """What each row holds; a column that a row lacks is not in it."""
    places: list[str]
    """What each is called in the file, such as `row 7`."""
    joint_names: tuple[str, ...] = ()
    """Of all joints, where the file says them apart from the rows."""
    bones: tuple[tuple[int, int], ...] = ()
    """Pairs of joints, likewise."""

    def where(self, row: int) -> str:
        """The place of a row, as errors end."""
        return f"in {self.places[row]}"


def read(path: Path, form: str) -> Table:
    """The rows of a table.

    Args:
        path: The file; text may be gzipped.
        form: `csv`, `jsonl`, `parquet`, `coco` or `text`.

    Raises:
        ValueError: If the file is missing, empty, damaged or of another form; the
            sentence names the file, and the row where there is one.
    """
    table = _parquet(path) if form == "parquet" else READERS[form](path, _text(path))
    if not table.rows:
        raise ValueError(f"{path} must hold one row or more, and holds none.")
    if len(table.rows) > MOST_ROWS:
        raise ValueError(f"{path} must hold at most {MOST_ROWS} rows, and holds more.")
    return table


def _text(path: Path) -> str:
    """The text of a file, unpacked if it is gzipped."""
    file_bytes.check_file(path)
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            content = (gzip.GzipFile(fileobj=file) if zipped else file).read(
                MOST_BYTES + 1
            )
        if len(content) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        return content.decode("utf-8-sig")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}.") from error


def _csv(path: Path, text: str) -> Table:
    """Comma, semicolon or tab between the cells: whichever the header has most of."""
    start = text.lstrip("\r\n").split("\n", 1)[0]
    between = max(",;\t", key=start.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    header: list[str] = []
    rows, places = [], []
    try:
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                _check_header(path, header)
                continue
            if len(cells) != len(header):
                raise ValueError(
                    f"{path} must have {len(header)} cells in every row, as its header "
                    f"has, got {len(cells)} in row {lines.line_num}."
                )
            rows.append(dict(zip(header, map(str.strip, cells), strict=True)))
            places.append(f"row {lines.line_num}")
    except csv.Error as error:
        raise ValueError(
            f"{path} cannot be read: {error} in row {lines.line_num}."
        ) from error
    return Table(path=path, columns=tuple(header), rows=rows, places=places)


def _check_header(path: Path, header: list[str]) -> None:
    """Refuse a header in which a name lacks or comes twice."""
    for name in header:
        if not name or header.count(name) > 1:
            rule = "each column once" if name else "a name for each column"
            raise ValueError(
                f"{path} must have {rule} in its header, got {name!r:.80}."
            )


def _jsonl(path: Path, text: str) -> Table:
    """One object a line."""
    rows, places = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = _json(path, line, f" in row {number}")
        if not isinstance(row, dict):
            raise ValueError(
                f"{path} must have an object in every row, got {line[:40]!r} in row "
                f"{number}."
            )
        rows.append(row)
        places.append(f"row {number}")
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(path=path, columns=columns, rows=rows, places=places)


def _coco(path: Path, text: str) -> Table:
    """A row an annotation, in the order of the images; `file_name` as frame."""
    held = _json(path, text, "")
    parts = {"images": [], "annotations": []}
    for name in parts:
        listed = held.get(name) if isinstance(held, dict) else None
        if not isinstance(listed, list) or not all(isinstance(v, dict) for v in listed):
            raise ValueError(
                f"{path} must hold a list `{name}` of objects, as COCO has."
            )
        parts[name] = listed
    images: dict[Any, dict[str, Any]] = {}
    for number, image in enumerate(parts["images"], 1):
        key = image.get("id")
        if not isinstance(key, int | str) or key in images:
            raise ValueError(
                f"{path} must have an `id` of its own for each image, got {key!r:.40} in "
                f"image {number}."
            )
        images[key] = image
    marks: dict[Any, list[int]] = {key: [] for key in images}
    for number, annotation in enumerate(parts["annotations"], 1):
        key = annotation.get("image_id")
        if not isinstance(key, int | str) or key not in images:
            raise ValueError(
                f"{path} must have an image for each annotation, got `image_id` "
                f"{key!r:.40} in annotation {number}."
            )
        marks[key].append(number)
    rows, places = [], []
    for number, (key, image) in enumerate(images.items(), 1):
        frame = {FRAME: image.get("file_name")}
        for mark in marks[key]:
            rows.append(image | parts["annotations"][mark - 1] | frame)
            places.append(f"annotation {mark}")
        if not marks[key]:  # an image without an annotation has no label
            rows.append(image | frame)
            places.append(f"image {number}")
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    names, bones = _category(held)
    return Table(
        path=path,
        columns=columns,
        rows=rows,
        places=places,
        joint_names=names,
        bones=bones,
    )


def _category(held: Any) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Names of joints and bones of the first category that is sound; bones from 0."""
    listed = held.get("categories")
    for category in listed if isinstance(listed, list) else ():
        names = category.get("keypoints") if isinstance(category, dict) else None
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            bones = category.get("skeleton") or []
            sound = isinstance(bones, list) and all(
                isinstance(bone, list)
                and len(bone) == 2
                and all(type(end) is int and 0 < end <= len(names) for end in bone)
                for bone in bones
            )
            pairs = tuple((a - 1, b - 1) for a, b in bones) if sound else ()
            return tuple(names), pairs
    return (), ()


def _plain(path: Path, text: str) -> Table:
    """A name and numbers a row, by white space or commas, without a header."""
    rows, places = [], []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.replace(",", " ").split()
        if words:
            rows.append({FRAME: words[0], JOINTS: words[1:]})
            places.append(f"row {number}")
    return Table(path=path, columns=(FRAME, JOINTS), rows=rows, places=places)


def _parquet(path: Path) -> Table:
    """Rows of a Parquet file, whose pages' checksums are compared.

    The one place of this package that knows pyarrow, which every installation has.
    """
    import pyarrow as pa
    from pyarrow import parquet

    file_bytes.check_file(path)
    try:
        with path.open("rb") as file:
            held = parquet.ParquetFile(file, page_checksum_verification=True).read()
        if len(set(held.column_names)) != len(held.column_names):
            raise ValueError("two of its columns have one name")
        rows = held.to_pylist()
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        raise ValueError(f"{path} cannot be read: {_first_line(error)}.") from error
    places = [f"row {number}" for number in range(1, len(rows) + 1)]
    return Table(path=path, columns=tuple(held.column_names), rows=rows, places=places)


def _json(path: Path, text: str, where: str) -> Any:
    """What a text holds; numbers that are none (NaN) are let through."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(f"{path} is no JSON{where}: it is nested too deep.") from error
    except ValueError as error:  # also of a whole number of over 4,300 digits
        raise ValueError(f"{path} is no JSON{where}: {error}.") from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


READERS: dict[str, Callable[[Path, str], Table]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "coco": _coco,
    "text": _plain,
}
"""Readers of text, by form."""
