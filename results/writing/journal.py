"""The journal of a driver: rows that are acknowledged but in no segment yet.

One file a search and driver epoch, one line a group of rows that stand or fall together:
the CRC-32 of the rest of the line, then `[turn, [[table, row], ...]]` as JSON (with
NaN and Infinity, which plain JSON lacks). It is appended to and fsynced before
rows are acknowledged, and emptied when all its rows are in segments, so it stays
short. A crash leaves behind a last line without its end; that group was never
acknowledged and is ignored. Older versions wrote `[table, row]`, one row a line.

The turn counts what the driver tried to write. Numbers are given again when a
group could not be written anywhere, so what a failed write left behind is known by
a later turn with the same numbers.
"""

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.format import local_files
from results.format.storage import StorageError


Row = dict[str, Any]
"""A whole row in plain Python values; times are whole microseconds."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows that were acknowledged together."""

    turn: int
    """Rises with every try of the driver; 0 in old journals."""
    rows: tuple[tuple[str, Row], ...]
    """Table and row of each, in order."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a journal holds."""

    groups: tuple[Group, ...]
    """The sound ones, in the order they were written."""
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
        self._path = path
        self.size_bytes = 0
        self._torn = False
        try:
            local_files.make_folders(path.parent)
            self._handle = _opened(path, os.O_EXCL)
        except OSError as error:
            raise _failure("write", path, error) from error

    def append(
        self, rows: Iterable[tuple[str, Mapping[str, Any]]], *, turn: int = 1
    ) -> None:
        """Add rows as one group; they are on the disk when this returns.

        What an error left behind is cut off before the next rows.

        Args:
            rows: Table and row of each; with none, nothing is written.
            turn: Above that of the last group that another place may hold.

        Raises:
            StorageError: If they cannot be written, or the file was removed.
        """
        group = [[table, row] for table, row in rows]
        if not group:
            return
        data = _line([turn, group])
        self._mend()
        try:
            self._torn, written = True, 0
            while written < len(data):
                written += os.write(self._handle, data[written:])
            os.fsync(self._handle)
            if not os.fstat(self._handle).st_nlink:
                raise FileNotFoundError("it was removed")
        except OSError as error:
            raise _failure("write", self._path, error) from error
        self.size_bytes += len(data)
        self._torn = False

    def empty(self) -> None:
        """Drop all rows: they are in segments now.

        Raises:
            StorageError: If the file cannot be cut.
        """
        self.size_bytes, self._torn = 0, True
        self._mend()

    def close(self) -> None:
        """Close the file; a journal without rows is removed.

        Raises:
            StorageError: If what a failed write left behind cannot be cut off.
        """
        try:
            self._mend()
            if not self.size_bytes:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise _failure("write", self._path, error) from error
        finally:
            os.close(self._handle)

    def _mend(self) -> None:
        """Cut the file to the rows that were acknowledged.

        A handle that has become useless, as after the restart of a file server or
        the removal of the file, is opened again first.
        """
        if not self._torn:
            return
        try:
            if not self._cut():
                fresh = _opened(self._path, 0)
                os.close(self._handle)
                self._handle = fresh
                self.size_bytes = min(self.size_bytes, os.fstat(fresh).st_size)
                os.ftruncate(fresh, self.size_bytes)
        except OSError as error:
            raise _failure("write", self._path, error) from error
        self._torn = False

    def _cut(self) -> bool:
        """Cut the file through the handle at hand; False if that is of no use."""
        try:
            os.ftruncate(self._handle, self.size_bytes)
            return os.fstat(self._handle).st_nlink > 0
        except OSError:
            return False


def path_of(root: Path, search: str, driver_epoch: int) -> Path:
    """Where the journal of a driver of a local store lies."""
    return root / "journal" / search / f"{driver_epoch:07d}.jsonl"


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
        The sound groups and the numbers of the damaged lines. A last line without
        its end is neither, unless all of the line but its end is there.
    """
    *lines, tail = data.split(b"\n")
    groups, damaged = [], []
    for number, line in enumerate(lines, start=1):
        if (group := _group(line)) is None:
            damaged.append(number)
        else:
            groups.append(group)
    if (group := _group(tail[:-1])) is not None:  # its end became another byte
        groups.append(group)
        damaged.append(len(lines) + 1)
    return Found(
        groups=tuple(groups),
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
    return [row for group in found.groups for row in group.rows]


def standing(groups: Iterable[Group]) -> list[tuple[str, Row]]:
    """The rows that were acknowledged, of all that one driver's files hold.

    A group may stand in two files; and a group whose numbers a later turn gave
    again was left behind by a write that failed.

    Args:
        groups: The sound groups of all files of one driver epoch, in any order.

    Returns:
        Table and row of each, by sequence number, each number once.
    """
    kept: list[tuple[int, int, tuple[str, Row]]] = []
    for group in sorted(groups, key=lambda group: group.turn):
        first = group.rows[0][1]["seq"]
        while kept and kept[-1][0] >= first and kept[-1][1] < group.turn:
            kept.pop()
        last = kept[-1][0] if kept else -1
        kept += [
            (row["seq"], group.turn, (table, row))
            for table, row in group.rows
            if row["seq"] > last
        ]
    return [row for _, _, row in kept]


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


def _group(line: bytes) -> Group | None:
    """The group of one line without its end; None if it is damaged."""
    crc, _, text = line.partition(b" ")
    if not text or crc != b"%08x" % zlib.crc32(text):
        return None
    first, rest = json.loads(text)
    rows = [[first, rest]] if isinstance(first, str) else rest
    turn = 0 if isinstance(first, str) else first
    return Group(turn=turn, rows=tuple((table, row) for table, row in rows))
