"""Where the journals of a search lie, and which of them earlier drivers left.

That of a store that is a folder lies in it: `journal/<search>/<driver_epoch>.jsonl`.
That of an object store lies on the driver's own disk, below `$CROSSNETS_SPOOL`, or
`crossnets/spool` in `$XDG_STATE_HOME` (else `~/.local/state`), in a folder named by a
hash of the store's location, then in one of the search. There a file is named by
driver epoch and fingerprint of its driver, so that the rows of a store that was deleted
never get into one that was made in its place.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from results.format.storage import Storage, StorageError
from results.writing import drivers


_NAME = re.compile(r"(\d{7})(?:-([0-9a-f]{16}))?\.jsonl")


@dataclass(frozen=True, kw_only=True)
class Left:
    """The journal of an earlier driver."""

    path: Path
    driver_epoch: int
    is_own: bool
    """Whether its driver was one of this store, not of another in its place."""


def path_of(storage: Storage, search: str, driver_epoch: int, mark: str) -> Path:
    """Where the journal of a driver lies.

    Args:
        storage: Where the search is.
        search: Its name.
        driver_epoch: The driver's.
        mark: Its fingerprint, see `drivers.fingerprint`.

    Raises:
        StorageError: If it is to lie in a home folder, and there is none.
    """
    suffix = "" if storage.root is not None else f"-{mark[:16]}"
    return folder(storage, search) / f"{driver_epoch:07d}{suffix}.jsonl"


def folder(storage: Storage, search: str) -> Path:
    """The folder of the journals of a search.

    Raises:
        StorageError: If it is to lie in a home folder, and there is none.
    """
    if storage.root is not None:
        return storage.root / "journal" / search
    name = hashlib.sha256(storage.location.encode()).hexdigest()[:16]
    return _own_disk() / name / search


def left(storage: Storage, search: str) -> list[Left]:
    """The journals in the folder of a search, by driver epoch.

    Those of another store without rows are not among them.

    Raises:
        StorageError: If the folder or the store cannot be read.
    """
    found = []
    for path in _listed(folder(storage, search)):
        match = _NAME.fullmatch(path.name)
        if match and (match[2] is None) == (storage.root is not None):
            driver_epoch, is_own = int(match[1]), True
            if match[2]:
                mark = drivers.fingerprint(storage, search, driver_epoch)
                is_own = mark is not None and mark.startswith(match[2])
            if is_own or _has_rows(path):
                found.append(Left(path=path, driver_epoch=driver_epoch, is_own=is_own))
    return found


def _own_disk() -> Path:
    """The folder on this machine for the journals of object stores."""
    if place := os.environ.get("CROSSNETS_SPOOL"):
        return Path(place).absolute()
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    except RuntimeError as error:  # a user without an entry, as in some containers
        raise StorageError(
            "Cannot write a journal: there is no home folder, and CROSSNETS_SPOOL "
            "names no other."
        ) from error
    return Path(state).absolute() / "crossnets/spool"


def _listed(place: Path) -> list[Path]:
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


def _has_rows(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False  # its driver has ended in order
