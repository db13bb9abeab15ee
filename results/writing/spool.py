"""The spool: a second journal, on this machine, for while a store is down.

It lies below `$CROSSNETS_SPOOL`, or `crossnets/spool` in `$XDG_STATE_HOME` (else
`~/.local/state`), in a folder named by a hash of the store's location, then in one
of the search. A file is named by driver epoch and fingerprint of its driver, so that the
rows of a store that was deleted never get into one that was made in its place.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.format.storage import Storage, StorageError
from results.writing import drivers
from results.writing.journal import Journal


LIMIT_BYTES = 256 * 2**20
"""Most that one driver may have in its spool."""

_NAME = re.compile(r"(\d{7})-([0-9a-f]{16})\.jsonl")


@dataclass(frozen=True, kw_only=True)
class Spooled:
    """One file that a driver left in the spool."""

    path: Path
    driver_epoch: int
    is_own: bool
    """Whether its driver was one of this store, not of another in its place."""


class Spool:
    """Rows of one driver that wait for its store; the file is made when needed."""

    def __init__(self, storage: Storage, search: str, driver_epoch: int) -> None:
        """Find out where the file will be, while the store can be asked.

        Raises:
            StorageError: If the driver's file is not in the store.
        """
        self._location = storage.location
        mark = drivers.fingerprint(storage, search, driver_epoch)
        if mark is None:
            raise StorageError(f"Cannot read `{self._location}`: it has gone.")
        place = folder(storage, search)
        self._path = (
            None if place is None else place / f"{driver_epoch:07d}-{mark[:16]}.jsonl"
        )
        self._journal: Journal | None = None

    def append(self, rows: Iterable[tuple[str, Mapping[str, Any]]], turn: int) -> None:
        """Add rows as one group; they are on the disk when this returns.

        Raises:
            StorageError: If they cannot be written, or the spool is full.
        """
        if self._path is None:
            raise StorageError("Cannot write a spool: there is no home folder.")
        if self._journal is None:
            self._journal = Journal(self._path)
        if self._journal.size_bytes >= LIMIT_BYTES:
            raise StorageError(
                f"Cannot write `{self._path}`: {LIMIT_BYTES} bytes wait there for "
                f"`{self._location}`."
            )
        self._journal.append(rows, turn=turn)

    def empty(self) -> None:
        """Drop all rows: they are in segments now.

        What cannot be dropped does no harm, as its rows are known to be stored.
        """
        if self._journal is not None:
            with suppress(StorageError):
                self._journal.empty()

    def close(self) -> None:
        """Close the file; without rows it is removed, and its folders with it."""
        if self._journal is None or self._path is None:
            return
        with suppress(StorageError):
            self._journal.close()
        remove_empty(self._path.parent)
        self._journal = None


def folder(storage: Storage, search: str) -> Path | None:
    """Where the drivers of a search spool to; None if there is no home folder."""
    place = os.environ.get("CROSSNETS_SPOOL")
    state = os.environ.get("XDG_STATE_HOME")
    try:
        root = Path(place) if place else None
        if root is None:
            root = Path(state) if state else Path.home() / ".local/state"
            root = root / "crossnets/spool"
    except RuntimeError:  # a user without an entry, as in some containers
        return None
    home = storage.location if storage.root is None else str(storage.root)
    name = hashlib.sha256(home.encode()).hexdigest()[:16]
    return root.absolute() / name / search


def files(storage: Storage, search: str) -> list[Spooled]:
    """What earlier drivers of a search left in this machine's spool, by driver epoch.

    Raises:
        StorageError: If the spool or the store cannot be read.
    """
    place = folder(storage, search)
    if place is None:
        return []
    found = []
    for path in listed(place):
        if match := _NAME.fullmatch(path.name):
            driver_epoch = int(match[1])
            mark = drivers.fingerprint(storage, search, driver_epoch)
            is_own = mark is not None and mark.startswith(match[2])
            found.append(Spooled(path=path, driver_epoch=driver_epoch, is_own=is_own))
    return found


def listed(place: Path) -> list[Path]:
    """What is in a folder, sorted; nothing if there is no such folder.

    Raises:
        StorageError: If the folder cannot be read.
    """
    try:
        return sorted(place.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        cause = error.strerror or error
        raise StorageError(f"Cannot read `{place}`: {cause}.") from error


def remove_empty(place: Path) -> None:
    """Remove the folder of a search and that of its store, if nothing is in them."""
    with suppress(OSError):
        place.rmdir()
        place.parent.rmdir()
