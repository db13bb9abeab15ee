"""Segments: rows as Parquet files, named by what they hold, checked when read.

`<table>/search_id=<search>/seg-<epoch>-<seq>.parquet` holds rows of one driver's
epoch; `seq` is the last sequence number in it, and rows reach segments in order,
so the names alone tell which rows are stored.

The pages carry checksums that every Parquet reader can verify. They leave out
the footer, so between pages and footer stand 32 more bytes that readers skip:
the SHA-256 of all others. One changed bit anywhere is found.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from results import schema
from results.storage import StorageError


_NAME = re.compile(r"(?:seg|compact)-(\d{7})-(\d{9,})\.parquet")
_DIGEST_BYTES = 32
_TAIL_BYTES = 8


class Segment(NamedTuple):
    """What the name of a segment says."""

    path: str
    epoch: int
    last_seq: int


def folder(table: str, search: str) -> str:
    """Folder of a table's segments of one search."""
    return f"{table}/search_id={search}"


def path_of(table: str, search: str, epoch: int, last_seq: int) -> str:
    """Path of the segment that ends with a sequence number."""
    return f"{folder(table, search)}/seg-{epoch:07d}-{last_seq:09d}.parquet"


def parse(path: str) -> Segment | None:
    """What a path says, or None if it is not a segment's."""
    match = _NAME.fullmatch(path.rsplit("/", 1)[-1])
    return Segment(path, int(match[1]), int(match[2])) if match else None


def encode(columns: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as a sealed Parquet file.

    Args:
        columns: Schema of the file.
        rows: Checked rows, at least one.

    Returns:
        The bytes of the file.
    """
    buffer = BytesIO()
    pq.write_table(
        pa.Table.from_pylist(list(rows), columns),
        buffer,
        compression="zstd",
        write_page_checksum=True,
    )
    return _seal(buffer.getvalue())


def decode(path: str, table: str, data: bytes) -> pa.Table:
    """The rows of a sealed Parquet file.

    Args:
        path: Where the bytes come from, for the errors.
        table: Table whose folder the file lies in.
        data: The bytes of the file.

    Returns:
        The rows as they were written.

    Raises:
        StorageError: If the bytes are not those that were written.
        SchemaMismatch: If they are of another table or a newer major version.
    """
    if not _is_whole(data):
        raise StorageError(f"`{path}` is damaged: its checksum does not match.")
    try:
        file = pq.ParquetFile(BytesIO(data), page_checksum_verification=True)
        schema.check_file(path, table, file.schema_arrow)
        return file.read()
    except (pa.ArrowException, OSError) as error:
        cause = str(error).splitlines()[0]
        raise StorageError(f"`{path}` is damaged: {cause}") from error


def _seal(data: bytes) -> bytes:
    """Put the digest of a Parquet file between its pages and its footer."""
    footer = _footer_start(data)
    return data[:footer] + hashlib.sha256(data).digest() + data[footer:]


def _is_whole(data: bytes) -> bool:
    """Whether the digest in a sealed file is that of all other bytes."""
    footer = _footer_start(data)
    start = footer - _DIGEST_BYTES
    if start < 0 or footer > len(data):
        return False
    rest = hashlib.sha256(data[:start] + data[footer:]).digest()
    return rest == data[start:footer]


def _footer_start(data: bytes) -> int:
    """Where the footer starts, by its length in the last 8 bytes but 4."""
    length = int.from_bytes(data[-_TAIL_BYTES:-4], "little")
    return len(data) - _TAIL_BYTES - length
