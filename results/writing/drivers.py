"""Who may write to a search: driver epochs, and whether their holder is alive.

`drivers/<search>/<driver_epoch>.json` is created exclusively and says host, process and
start; the highest epoch is the only one that may write. `<driver_epoch>.closed` beside
it says that the driver ended in order, `<driver_epoch>.beat` gets a new content while it
runs and tells other hosts that it is there (see `leases`).
"""

import hashlib
import re
import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from results.format import records
from results.format.storage import Storage, StorageError
from results.writing import leases


BEAT_S = 10.0
"""Time between two heartbeats of a driver."""

STALE_S = 60.0
"""Time without a heartbeat after which a driver on another host counts as gone."""

LOOK_EVERY_S = 0.5
"""Time between two looks at a heartbeat."""

_NAME = re.compile(r"(\d{7})\.json")


@dataclass(frozen=True, kw_only=True)
class Driver:
    """One process that writes, or wrote, to a search."""

    driver_epoch: int
    host: str
    pid: int
    started: str | None
    """Start of the process, as its system counts it; None if it cannot be told."""
    time_utc: str
    """When the epoch was taken, ISO 8601."""
    last_beat_utc: str | None = None
    """Of one on another host that has not ended in order: when it was last heard of,
    by the clock of the storage, ISO 8601; for people alone."""


def latest(storage: Storage, search: str) -> Driver | None:
    """The driver of the highest epoch, alive or not; None before the first.

    Raises:
        StorageError: If its file cannot be read or is damaged.
    """
    paths = [path.rsplit("/", 1)[-1] for path in storage.list(f"drivers/{search}")]
    driver_epochs = [
        int(match[1]) for name in paths if (match := _NAME.fullmatch(name))
    ]
    if not driver_epochs:
        return None
    path = _path(search, max(driver_epochs))
    said = records.decode(path, storage.get(path))
    return Driver(
        driver_epoch=max(driver_epochs),
        host=said["host"],
        pid=said["pid"],
        started=said["started"],
        time_utc=said["time_utc"],
    )


def current(storage: Storage, search: str) -> Driver | None:
    """The driver of a search, unless it has ended as far as can be told at once.

    Raises:
        StorageError: If the store cannot be read.
    """
    found = latest(storage, search)
    if found is None or (gone := _is_gone(storage, search, found)):
        return None
    if gone is False:
        return found
    beat_path = _beat_path(search, found.driver_epoch)
    there = storage.exists(beat_path)
    heard = storage.modified(beat_path if there else _path(search, found.driver_epoch))
    return replace(found, last_beat_utc=heard.isoformat(timespec="seconds"))


def take(storage: Storage, search: str, *, takeover: bool) -> int:
    """Become the driver of a search.

    Args:
        storage: Where the search is.
        search: Its name.
        takeover: Whether a driver that is still alive is fenced out. If not, and
            one on another host did not end in order, its heartbeat is waited for,
            up to `STALE_S`.

    Returns:
        The driver epoch that is now this process's.

    Raises:
        ValueError: If another driver is alive and `takeover` is False, or another
            process took the epoch at the same moment.
        StorageError: If the store cannot be written.
    """
    before = latest(storage, search)
    if before is not None and not takeover and is_alive(storage, search, before):
        raise ValueError(
            f"`{search}` must have one driver at a time, and process {before.pid} on "
            f"{before.host} drives it since {before.time_utc}."
        )
    driver_epoch = before.driver_epoch + 1 if before else 1
    said = {
        **leases.here(),
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "token": uuid.uuid4().hex,
    }
    if not _created(storage, _path(search, driver_epoch), records.encode(said)):
        raise ValueError(
            f"`{search}` must have one driver at a time, and another process took "
            f"driver epoch {driver_epoch} just now."
        )
    return driver_epoch


def is_alive(storage: Storage, search: str, driver: Driver) -> bool:
    """Whether a driver may still be writing; looks for `STALE_S` if it must.

    Raises:
        StorageError: If the store cannot be asked.
    """
    beat_path, silence = (
        _beat_path(search, driver.driver_epoch),
        leases.Silence(STALE_S),
    )
    while (gone := _is_gone(storage, search, driver)) is None:
        if silence.is_too_long(_content(storage, beat_path)):
            return False
        if silence.was_broken:
            return True
        time.sleep(LOOK_EVERY_S)
    return not gone


def is_fenced(storage: Storage, search: str, driver_epoch: int) -> bool:
    """Whether a later driver has taken the search over.

    Raises:
        StorageError: If the store cannot be asked.
    """
    return storage.exists(_path(search, driver_epoch + 1))


def fingerprint(storage: Storage, search: str, driver_epoch: int) -> str | None:
    """What tells an epoch from those of all other stores; None if it is not there.

    It is not if the store's folder was moved away, or if an empty one stands in its
    place, as that below a file server that is not mounted.

    Raises:
        StorageError: If the store cannot be read.
    """
    content = _content(storage, _path(search, driver_epoch))
    return None if content is None else hashlib.sha256(content).hexdigest()


def beat(
    storage: Storage, search: str, driver_epoch: int, *, size_bytes: int = 0
) -> None:
    """Say that the driver is there.

    Args:
        storage: Where the search is.
        search: Its name.
        driver_epoch: The driver's.
        size_bytes: Least size of what is written; a full disk takes a short file.

    Raises:
        StorageError: If the store cannot be written.
    """
    content = uuid.uuid4().hex.encode().ljust(size_bytes)
    storage.replace(_beat_path(search, driver_epoch), content)


def close(storage: Storage, search: str, driver_epoch: int) -> None:
    """Say that the driver ended in order.

    Raises:
        StorageError: If the store cannot be written.
    """
    storage.create(f"{_stem(search, driver_epoch)}.closed", b"")


def _created(storage: Storage, path: str, data: bytes) -> bool:
    """Create a file; one with just this content was created by this very call.

    An object store may answer a repeated request with "exists", and any store may
    fail after it has done the work.
    """
    try:
        if storage.create(path, data):
            return True
    except StorageError:
        if not storage.exists(path) or storage.get(path) != data:
            raise
        return True
    return storage.get(path) == data


def _is_gone(storage: Storage, search: str, driver: Driver) -> bool | None:
    """Whether a driver has ended; None if only its heartbeat can tell."""
    if storage.exists(f"{_stem(search, driver.driver_epoch)}.closed"):
        return True
    return leases.is_gone(asdict(driver))


def _content(storage: Storage, path: str) -> bytes | None:
    """What a file holds; None if it is not there."""
    try:
        return storage.get(path)
    except FileNotFoundError:
        return None


def _stem(search: str, driver_epoch: int) -> str:
    return f"drivers/{search}/{driver_epoch:07d}"


def _beat_path(search: str, driver_epoch: int) -> str:
    return f"{_stem(search, driver_epoch)}.beat"


def _path(search: str, driver_epoch: int) -> str:
    return f"{_stem(search, driver_epoch)}.json"
