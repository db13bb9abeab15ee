"""Who may write to a search: epochs, and whether their holder is still alive.

`drivers/<search>/<epoch>.json` is created exclusively and says host, process and
start; the highest epoch is the only one that may write. `<epoch>.closed` beside
it says that the driver ended in order, `<epoch>.beat` is rewritten while it runs
and tells other hosts that it is there.
"""

import hashlib
import os
import re
import socket
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from results.format import records
from results.format.storage import Storage, StorageError


BEAT_S = 10.0
"""Time between two heartbeats of a driver."""

STALE_S = 60.0
"""Age of a heartbeat above which a driver on another host counts as gone."""

_NAME = re.compile(r"(\d{7})\.json")


@dataclass(frozen=True, kw_only=True)
class Driver:
    """One process that writes, or wrote, to a search."""

    epoch: int
    host: str
    pid: int
    started: str | None
    """Start of the process, as its system counts it; None if it cannot be told."""
    time_utc: str
    """When the epoch was taken, ISO 8601."""


def latest(storage: Storage, search: str) -> Driver | None:
    """The driver of the highest epoch, alive or not; None before the first.

    Raises:
        StorageError: If its file cannot be read or is damaged.
    """
    paths = [path.rsplit("/", 1)[-1] for path in storage.list(f"drivers/{search}")]
    epochs = [int(match[1]) for name in paths if (match := _NAME.fullmatch(name))]
    if not epochs:
        return None
    path = _path(search, max(epochs))
    said = records.decode(path, storage.get(path))
    return Driver(
        epoch=max(epochs),
        host=said["host"],
        pid=said["pid"],
        started=said["started"],
        time_utc=said["time_utc"],
    )


def take(storage: Storage, search: str, *, takeover: bool) -> int:
    """Become the driver of a search.

    Args:
        storage: Where the search is.
        search: Its name.
        takeover: Whether a driver that is still alive is fenced out.

    Returns:
        The epoch that is now this process's.

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
    epoch = before.epoch + 1 if before else 1
    said = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": _process_start(os.getpid()),
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "token": uuid.uuid4().hex,
    }
    if not _created(storage, _path(search, epoch), records.encode(said)):
        raise ValueError(
            f"`{search}` must have one driver at a time, and another process took "
            f"epoch {epoch} just now."
        )
    return epoch


def is_alive(storage: Storage, search: str, driver: Driver) -> bool:
    """Whether a driver may still be writing.

    On its own host the process is looked up, and its start compared, as numbers of
    processes are used again; on another one the age of the heartbeat decides.

    Raises:
        StorageError: If the store cannot be asked.
    """
    if storage.exists(f"{_stem(search, driver.epoch)}.closed"):
        return False
    if driver.host == socket.gethostname():
        start = _process_start(driver.pid)
        return start is not None and start == driver.started
    try:
        beat = storage.modified(f"{_stem(search, driver.epoch)}.beat")
    except FileNotFoundError:
        beat = storage.modified(_path(search, driver.epoch))
    return (datetime.now(UTC) - beat).total_seconds() < STALE_S


def is_fenced(storage: Storage, search: str, epoch: int) -> bool:
    """Whether a later driver has taken the search over.

    Raises:
        StorageError: If the store cannot be asked.
    """
    return storage.exists(_path(search, epoch + 1))


def is_there(storage: Storage, search: str, epoch: int) -> bool:
    """Whether the store still has the file of an epoch that was taken.

    It has not if its folder was moved away, or if an empty one stands in its place,
    as that below a file server that is not mounted.

    Raises:
        StorageError: If the store cannot be asked.
    """
    return storage.exists(_path(search, epoch))


def fingerprint(storage: Storage, search: str, epoch: int) -> str | None:
    """What tells an epoch from those of all other stores; None if it is not there.

    Raises:
        StorageError: If the store cannot be read.
    """
    try:
        return hashlib.sha256(storage.get(_path(search, epoch))).hexdigest()
    except FileNotFoundError:
        return None


def beat(storage: Storage, search: str, epoch: int, *, size_bytes: int = 0) -> None:
    """Say that the driver is there.

    Args:
        storage: Where the search is.
        search: Its name.
        epoch: The driver's.
        size_bytes: Size of what is written; a full disk takes an empty file.

    Raises:
        StorageError: If the store cannot be written.
    """
    storage.replace(f"{_stem(search, epoch)}.beat", b" " * size_bytes)


def close(storage: Storage, search: str, epoch: int) -> None:
    """Say that the driver ended in order.

    Raises:
        StorageError: If the store cannot be written.
    """
    storage.create(f"{_stem(search, epoch)}.closed", b"")


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


def _stem(search: str, epoch: int) -> str:
    return f"drivers/{search}/{epoch:07d}"


def _path(search: str, epoch: int) -> str:
    return f"{_stem(search, epoch)}.json"


def _process_start(pid: int) -> str | None:
    """What tells a process from others of its number; None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return _without_proc(pid)
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def _without_proc(pid: int) -> str | None:
    """The same on systems without /proc, where only existence can be asked."""
    if Path("/proc/self").exists():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "running"
