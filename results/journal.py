"""The journal of a local store: rows that are acknowledged but in no segment yet.

One file a search and epoch, one line a row: the CRC-32 of the rest of the line,
then table and row as JSON (with NaN and Infinity, which plain JSON lacks). It is
appended to and fsynced before a row is acknowledged, and emptied when all its
rows are in segments, so it stays short. What a crash leaves behind is a last line
without its end; that row was never acknowledged and is ignored.
"""

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from results.storage import StorageError, fsync_folder, make_folders


Row = dict[str, Any]
"""A whole row in plain Python values; times are whole microseconds."""


class Journal:
    """The open journal of one driver; not safe for several threads at once."""

    def __init__(self, path: Path) -> None:
        """Start a new journal.

        Args:
            path: The file, which must not exist; its folder is made.

        Raises:
            StorageError: If the file cannot be made.
        """
        self._path = path
        self._size = 0
        self._torn = False
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        try:
            make_folders(path.parent)
            self._handle = os.open(path, flags, 0o600)
            fsync_folder(path.parent)
        except OSError as error:
            raise _failure("write", path, error) from error

    def append(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Add rows; they are on the disk when this returns.

        What an error left behind is cut off before the next rows.

        Raises:
            StorageError: If they cannot be written.
        """
        data = b"".join(_line(table, row) for table, row in rows)
        self._mend()
        try:
            self._torn, written = True, 0
            while written < len(data):
                written += os.write(self._handle, data[written:])
            os.fsync(self._handle)
        except OSError as error:
            raise _failure("write", self._path, error) from error
        self._size += len(data)
        self._torn = False

    def empty(self) -> None:
        """Drop all rows: they are in segments now.

        Raises:
            StorageError: If the file cannot be cut.
        """
        self._size, self._torn = 0, True
        self._mend()

    def close(self) -> None:
        """Close the file; a journal without rows is removed."""
        self._mend()
        os.close(self._handle)
        if not self._size:
            self._path.unlink(missing_ok=True)

    def _mend(self) -> None:
        """Cut the file to the rows that were acknowledged."""
        if not self._torn:
            return
        try:
            os.ftruncate(self._handle, self._size)
        except OSError as error:
            raise _failure("write", self._path, error) from error
        self._torn = False


def read(path: Path) -> list[tuple[str, Row]]:
    """The rows of a journal, in the order they were written.

    Args:
        path: The file.

    Returns:
        Table and row of each whole line.

    Raises:
        StorageError: If the file cannot be read or a whole line is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise _failure("read", path, error) from error
    return [_row(path, number, line) for number, line in enumerate(lines[:-1], start=1)]


def _failure(verb: str, path: Path, error: OSError) -> StorageError:
    return StorageError(f"Cannot {verb} `{path}`: {error.strerror or error}.")


def _line(table: str, row: Mapping[str, Any]) -> bytes:
    text = json.dumps([table, row], separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _row(path: Path, number: int, line: bytes) -> tuple[str, Row]:
    crc, _, text = line.partition(b" ")
    if crc != b"%08x" % zlib.crc32(text):
        raise StorageError(
            f"`{path}` is damaged: the checksum of line {number} does not match."
        )
    table, row = json.loads(text)
    return table, row
