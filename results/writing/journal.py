"""The journal of a driver: rows that are acknowledged but in no segment yet.

One file a search and driver epoch, one line a group of rows that stand or fall together:
the CRC-32 of the rest of the line, then `[[table, row], ...]` as JSON (with NaN and
Infinity, which plain JSON lacks). It is appended to and fsynced before rows are
acknowledged, and emptied when all its rows are in segments, so it stays short. What
was not acknowledged is cut off before the next group: no number stands twice. A crash
may leave behind a last line without its end, which is ignored, or a whole one
whose answer was never given.

Older versions wrote `[table, row]`, one row a line, or a number before the rows.
Where the file lies is said in `journal_place`.
"""

import json
import os
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.format import local_files
from results.format.storage import StorageError


Row = dict[str, Any]
"""A whole row in plain Python values; times are whole microseconds."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a journal holds."""

    rows: tuple[tuple[str, Row], ...]
    """Table and row of each in a sound line, in the order they were written."""
    damaged: tuple[int, ...]
    """Numbers of the lines that are not as they were written, from 1."""
    is_end_damaged: bool
    """Whether rows after the last sound one are lost."""


class Journal:
    """The open journal of one driver; not safe for several threads at once."""

    def __init__(self, path: Path) -> None:
        """Start a new journal.

        Args:
            path: The file, which must not exist; its folder is made.

        Raises:
            StorageError: If the file cannot be made.
        """
        self.path = path
        self.size_bytes: int = 0
        self.is_torn: bool = False
        """Whether something is to be cut off before the next rows."""
        try:
            local_files.make_folders(path.parent)
            self._handle = _opened(path, os.O_EXCL)
        except OSError as error:
            raise _failure("write", path, error) from error

    def append(
        self,
        rows: Iterable[tuple[str, Mapping[str, Any]]],
        confirm: Callable[[], None] | None = None,
    ) -> None:
        """Add rows as one group; they are on the disk when this returns.

        What an error left behind is cut off before the next rows.

        Args:
            rows: Table and row of each; with none, nothing is written.
            confirm: Called when they are on the disk; what it raises takes them back.

        Raises:
            StorageError: If they cannot be written, or the file was removed.
        """
        group = [[table, row] for table, row in rows]
        if not group:
            return
        data = _line(group)
        self._mend()
        self.is_torn = True
        try:
            written = 0
            while written < len(data):
                written += os.write(self._handle, data[written:])
            os.fsync(self._handle)
            if not os.fstat(self._handle).st_nlink:
                raise FileNotFoundError("it was removed")
        except OSError as error:
            raise _failure("write", self.path, error) from error
        if confirm is not None:
            confirm()
        self.size_bytes += len(data)
        self.is_torn = False

    def empty(self) -> None:
        """Drop all rows: they are in segments now.

        Raises:
            StorageError: If the file cannot be cut.
        """
        if self.size_bytes or self.is_torn:
            self.size_bytes, self.is_torn = 0, True
            self._mend()

    def close(self) -> None:
        """Close the file; one without rows is removed, if it lies where it was made.

        What cannot be cut off or removed does no harm: the next driver passes over
        a part of a line, and over rows that are stored.
        """
        try:
            if self.is_torn:
                self._cut()
            own = os.fstat(self._handle)
            if not self.size_bytes and os.path.samestat(own, self.path.stat()):
                self.path.unlink()
        except OSError:
            pass
        finally:
            os.close(self._handle)

    def _mend(self) -> None:
        """Cut the file to the rows that were acknowledged.

        A handle that has become useless, as after the restart of a file server or
        the removal of the file, is opened again first.
        """
        if not self.is_torn:
            return
        try:
            if not self._cut():
                fresh = _opened(self.path, 0)
                os.close(self._handle)
                self._handle = fresh
                self.size_bytes = min(self.size_bytes, os.fstat(fresh).st_size)
                os.ftruncate(fresh, self.size_bytes)
        except OSError as error:
            raise _failure("write", self.path, error) from error
        self.is_torn = False

    def _cut(self) -> bool:
        """Cut the file through the handle at hand; False if that is of no use."""
        try:
            os.ftruncate(self._handle, self.size_bytes)
            return os.fstat(self._handle).st_nlink > 0
        except OSError:
            return False


def scan(path: Path) -> Found:
    """What can be read of a journal's file; see `parsed`.

    Raises:
        StorageError: If the file cannot be read.
    """
    try:
        return parsed(path.read_bytes())
    except OSError as error:
        raise _failure("read", path, error) from error


def parsed(data: bytes) -> Found:
    """What can be read of a journal, and which lines are damaged.

    Args:
        data: The bytes of the file.

    Returns:
        The sound rows and the numbers of the damaged lines. A last line without
        its end is neither, unless all of the line but its end is there.
    """
    *lines, tail = data.split(b"\n")
    rows: list[tuple[str, Row]] = []
    damaged: list[int] = []
    for number, line in enumerate(lines, start=1):
        if (group := _group(line)) is None:
            damaged.append(number)
        else:
            rows += group
    if (group := _group(tail[:-1])) is not None:  # its end became another byte
        rows += group
        damaged.append(len(lines) + 1)
    return Found(
        rows=tuple(rows),
        damaged=tuple(damaged),
        is_end_damaged=bool(lines) and damaged[-1:] == [len(lines)],
    )


def read(path: Path) -> list[tuple[str, Row]]:
    """The rows of a journal, in the order they were written.

    Args:
        path: The file.

    Returns:
        Table and row of each row of each whole line.

    Raises:
        StorageError: If the file cannot be read or a whole line is damaged.
    """
    found = scan(path)
    if found.damaged:
        raise StorageError(
            f"`{path}` is damaged: the checksum of line {found.damaged[0]} does not "
            "match."
        )
    return list(found.rows)


def _opened(path: Path, extra_flags: int) -> int:
    """A handle to append with; the file's name is durable."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | extra_flags
    handle = os.open(path, flags, 0o600)
    try:
        local_files.fsync_folder(path.parent)
    except OSError:
        os.close(handle)
        if extra_flags & os.O_EXCL:
            path.unlink(missing_ok=True)
        raise
    return handle


def _failure(verb: str, path: Path, error: OSError) -> StorageError:
    return StorageError(f"Cannot {verb} `{path}`: {error.strerror or error}.")


def _line(group: list[Any]) -> bytes:
    text = json.dumps(group, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _group(line: bytes) -> list[tuple[str, Row]] | None:
    """The rows of one line without its end; None if it is damaged."""
    crc, _, text = line.partition(b" ")
    if not text or crc != b"%08x" % zlib.crc32(text):
        return None
    group = json.loads(text)
    if isinstance(group[0], str):
        group = [group]
    elif isinstance(group[0], int):
        group = group[1]
    return [(table, row) for table, row in group]
