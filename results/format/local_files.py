"""Files of a local store: staged aside, fsynced, published by a hard link.

So a file is either whole and durable or not there, and an existing one is never
replaced. What the system raises stays as it is; `storage` makes sentences of it.
"""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


STAGING = ".staging"
"""Folder of a local store where files are written before they are published."""

OLD_S = 3600.0
"""Age of a staged file above which the process that wrote it counts as dead."""


def publish(root: Path, target: Path, data: bytes) -> bool:
    """Write a new file, whole and durable.

    Args:
        root: The store's folder, which must be there.
        target: The file, somewhere below it.
        data: Its content.

    Returns:
        False if the name is taken; then nothing is changed.

    Raises:
        OSError: If the file cannot be written.
    """
    _make_below(root, target.parent)
    new = True
    with _staged(root, data, durable=True) as staged:
        try:
            os.link(staged, target)
        except FileExistsError:
            new = False
    fsync_folder(target.parent)  # also of a name that another call left unsynced
    return new


def replace(root: Path, target: Path, data: bytes) -> None:
    """Write a file, over an older one if there is one; not fsynced.

    Raises:
        OSError: If the file cannot be written.
    """
    _make_below(root, target.parent)
    with _staged(root, data, durable=False) as staged:
        staged.replace(target)


def sweep(root: Path) -> None:
    """Remove what dead processes left staged.

    A staged file lives for milliseconds. One that is older than `OLD_S` is taken
    away even from a process that was only stopped: its write then fails and is tried
    again.

    Raises:
        OSError: If a file cannot be removed.
    """
    for path in (root / STAGING).glob("*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > OLD_S:
                path.unlink()


def fsync_folder(folder: Path) -> None:
    """Make the names of a local folder durable.

    Raises:
        OSError: If the folder cannot be opened or synced.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(folder: Path) -> None:
    """Make a folder and those above it, for the owner only, and durable.

    Raises:
        OSError: If one cannot be made.
    """
    if folder.is_dir():
        return
    make_folders(folder.parent)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)  # others may make it just now
    except FileExistsError as error:
        raise NotADirectoryError(f"{folder} is not a folder") from error
    fsync_folder(folder.parent)


def _make_below(root: Path, folder: Path) -> None:
    """Make a folder below a root that must be there."""
    if not root.is_dir():
        raise NotADirectoryError(f"there is no folder {root}")
    make_folders(folder)


@contextmanager
def _staged(root: Path, data: bytes, *, durable: bool) -> Iterator[Path]:
    """A file outside the tables that holds the data, gone afterwards."""
    _make_below(root, root / STAGING)
    path = root / STAGING / uuid.uuid4().hex
    try:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)
