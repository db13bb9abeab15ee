"""Segments: rows as Parquet files, named by what they hold, checked when read.

`<table>/<search>/seg-<driver_epoch>-<seq>.parquet` holds rows of one driver; `seq` is
the last sequence number in it, and rows reach segments in order, so the names alone
tell which rows are stored. `compact-<driver_epoch>-<seq>.parquet` is what
`compaction` makes of several, and is named after the last of them.

Figures are split into streams of first, second, ... bytes, because learning
curves repeat their high bytes; numbers and times of rows are stored as differences;
a column of few different values is a dictionary.

The pages carry checksums that every Parquet reader can verify. They leave out
the footer, so between pages and footer stand 32 more bytes that readers skip:
the SHA-256 of all others. One changed bit anywhere is found.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from results.format import schema_1, versions
from results.format.storage import StorageError


_NAME = re.compile(r"(seg|compact)-(\d{7})-(\d{9,})\.parquet")
_DIGEST_BYTES = 32
_TAIL_BYTES = 8
_MANY_ROWS = 10_000
_LEVEL = 3
_FEW = 4
"""A column is a dictionary if its values stand this often each, on average."""


class Segment(NamedTuple):
    """What the name of a segment says."""

    path: str
    driver_epoch: int
    last_seq: int

    @property
    def is_compact(self) -> bool:
        """Whether it was made of others."""
        return self.path.rsplit("/", 1)[-1].startswith("compact-")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file whose bytes are those that were written, not yet decoded."""

    path: str
    file: pq.ParquetFile

    @property
    def schema(self) -> pa.Schema:
        """Its columns, as they stand in the file."""
        return self.file.schema_arrow

    def rows(self) -> pa.Table:
        """All rows.

        Raises:
            StorageError: If they cannot be decoded.
        """
        try:
            many = self.file.metadata.num_rows > _MANY_ROWS
            rows = self.file.read(use_threads=many)
        except (pa.ArrowException, OSError) as error:
            raise _undecodable(self.path, error) from error
        return schema_1.renamed(rows) if versions.is_old(self.schema) else rows

    def seqs(self) -> tuple[int, int]:
        """The lowest and highest sequence number; the widest if it does not say."""
        column = self.schema.names.index("seq")
        found = self.file.metadata
        groups = [
            found.row_group(k).column(column).statistics
            for k in range(found.num_row_groups)
        ]
        if not groups or not all(one and one.has_min_max for one in groups):
            return 0, 2**63 - 1
        return min(one.min for one in groups), max(one.max for one in groups)


def folder(table: str, search: str) -> str:
    """Folder of a table's segments of one search."""
    return f"{table}/{search}"


def folders(table: str, search: str) -> list[str]:
    """Every folder that may hold rows of a table of one search: see `schema_1`."""
    return [folder(table, search), schema_1.folder(table, search)]


def path_of(table: str, search: str, driver_epoch: int, last_seq: int) -> str:
    """Path of the segment that ends with a sequence number."""
    return f"{folder(table, search)}/seg-{driver_epoch:07d}-{last_seq:09d}.parquet"


def compact_path_of(table: str, search: str, driver_epoch: int, last_seq: int) -> str:
    """Path of the file that replaces segments, of which this is the last."""
    return f"{folder(table, search)}/compact-{driver_epoch:07d}-{last_seq:09d}.parquet"


def parse(path: str) -> Segment | None:
    """What a path says, or None if it is not a segment's."""
    match = _NAME.fullmatch(path.rsplit("/", 1)[-1])
    return Segment(path, int(match[2]), int(match[3])) if match else None


def encode(columns: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as a sealed Parquet file.

    Args:
        columns: Schema of the file.
        rows: Checked rows, at least one.

    Returns:
        The bytes of the file.
    """
    return encode_tables(columns, [pa.Table.from_pylist(list(rows), columns)])


def encode_tables(columns: pa.Schema, parts: Iterable[pa.Table]) -> bytes:
    """Tables, one after the other, as a sealed Parquet file.

    Args:
        columns: Schema of the file.
        parts: Tables of that schema, at least one; each becomes a row group.

    Returns:
        The bytes of the file.
    """
    rest = iter(parts)
    first = next(rest)
    buffer = BytesIO()
    with pq.ParquetWriter(buffer, columns, **_layout(first)) as writer:
        for part in chain([first], rest):
            writer.write_table(part, row_group_size=max(1, len(part)))
    return _sealed(buffer)


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
    return opened(path, table, data).rows()


def opened(path: str, table: str, data: bytes) -> Opened:
    """A sealed Parquet file, its bytes checked, its rows still to be decoded.

    Args:
        path: Where the bytes come from, for the errors.
        table: Table whose folder the file lies in.
        data: The bytes of the file.

    Returns:
        The file.

    Raises:
        StorageError: If the bytes are not those that were written.
        SchemaMismatch: If they are of another table or a newer major version.
    """
    if not _is_whole(data):
        raise StorageError(f"`{path}` is damaged: its checksum does not match.")
    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        versions.check_file(path, table, file.schema_arrow)
    except (pa.ArrowException, OSError) as error:
        raise _undecodable(path, error) from error
    return Opened(path=path, file=file)


def fitted(rows: pa.Table, target: pa.Schema) -> pa.Table:
    """The rows with the columns of a schema, in its order; missing ones null."""
    columns = [
        rows[field.name].cast(field.type)
        if field.name in rows.schema.names
        else pa.nulls(len(rows), field.type)
        for field in target
    ]
    return pa.table(columns, schema=target)


def _layout(rows: pa.Table) -> dict[str, Any]:
    """How the columns are written, judged by the first rows."""
    encodings: dict[str, str] = {}
    for field in rows.schema:
        encoding = _encoding(field.type)
        if encoding and _FEW * len(rows[field.name].unique()) > len(rows):
            encodings[field.name] = encoding
    return {
        "compression": "zstd",
        "compression_level": _LEVEL,
        "write_page_checksum": True,
        "use_dictionary": [n for n in rows.schema.names if n not in encodings],
        "column_encoding": encodings,
    }


def _encoding(kind: pa.DataType) -> str | None:
    """How a column of many different values is written; None for a dictionary."""
    if pa.types.is_floating(kind):
        return "BYTE_STREAM_SPLIT"
    numbers = pa.types.is_integer(kind) or pa.types.is_timestamp(kind)
    return "DELTA_BINARY_PACKED" if numbers else None


def _undecodable(path: str, error: Exception) -> StorageError:
    cause = str(error).splitlines()[0]
    return StorageError(f"`{path}` is damaged: {cause}")


def _sealed(buffer: BytesIO) -> bytes:
    """Put the digest of a Parquet file between its pages and its footer."""
    with buffer.getbuffer() as data:
        footer = bytes(data[_footer_start(data) :])
        digest = hashlib.sha256(data).digest()
    buffer.seek(-len(footer), 2)
    buffer.write(digest + footer)
    return buffer.getvalue()


def _is_whole(data: bytes) -> bool:
    """Whether the digest in a sealed file is that of all other bytes."""
    footer = _footer_start(data)
    start = footer - _DIGEST_BYTES
    if start < 0 or footer > len(data):
        return False
    digest = hashlib.sha256(memoryview(data)[:start])
    digest.update(memoryview(data)[footer:])
    return digest.digest() == data[start:footer]


def _footer_start(data: bytes | memoryview) -> int:
    """Where the footer starts, by its length in the last 8 bytes but 4."""
    length = int.from_bytes(data[-_TAIL_BYTES:-4], "little")
    return len(data) - _TAIL_BYTES - length
