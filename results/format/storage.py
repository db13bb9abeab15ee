"""The one place that touches stored files: a local folder or an object store.

All through obstore, but for local writes, which are in `local_files`. The root
itself is made only when it is opened: a folder that has gone may come back, as that
of a file server does, and must find its place free. A path is relative to the root,
with `/` between its parts, and is made of checked names only.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, from_url

from results.format import local_files


if TYPE_CHECKING:
    from obstore.store import ObjectStore


class StorageError(OSError):
    """A store that cannot be read or written, or a file in it that is damaged."""


class Storage:
    """Files under one root, written once and whole."""

    def __init__(self, location: str | Path, *, create: bool) -> None:
        """Open the root.

        Args:
            location: A folder, or a URL such as s3://bucket/folder. `memory://`
                is a store of its own, gone with this object.
            create: Whether a missing local folder is made (readable by its owner
                only).

        Raises:
            ValueError: If the URL has an unknown scheme or carries a password.
            StorageError: If the folder cannot be made or opened.
        """
        self.location: str = str(location)
        self.root: Path | None = None
        self._store: ObjectStore
        if "://" not in self.location or self.location.startswith("file://"):
            self.root = Path(self.location.removeprefix("file://")).absolute()
            with _translated("open", self.location):
                if create:
                    local_files.make_folders(self.root)
                elif not self.root.is_dir():
                    raise NotADirectoryError("no such folder")
                self._store = LocalStore(self.root)
        elif self.location.startswith("memory://"):
            self._store = MemoryStore()
        else:
            self._store = _remote(self.location)

    def create(self, path: str, data: bytes) -> bool:
        """Write a file that must not exist yet; durable when it returns.

        Returns:
            False if the file exists already; then nothing is changed.

        Raises:
            StorageError: If the file cannot be written.
        """
        with _translated("write", f"{self.location}/{path}"):
            if self.root is not None:
                return local_files.publish(self.root, self.root / path, data)
            try:
                obstore.put(self._store, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

    def replace(self, path: str, data: bytes) -> None:
        """Write a file, over an older one if there is one; not fsynced.

        Raises:
            StorageError: If the file cannot be written.
        """
        with _translated("write", f"{self.location}/{path}"):
            if self.root is None:
                obstore.put(self._store, path, data, use_multipart=False)
                return
            local_files.replace(self.root, self.root / path, data)

    def get(self, path: str) -> bytes:
        """The whole content of a file.

        Raises:
            FileNotFoundError: If there is no such file.
            StorageError: If it cannot be read.
        """
        with _translated("read", f"{self.location}/{path}"):
            return bytes(obstore.get(self._store, path).bytes())

    def exists(self, path: str) -> bool:
        """Whether there is such a file.

        Raises:
            StorageError: If the store cannot be asked.
        """
        try:
            if self.root is None:
                self.modified(path)
                return True
            # Asked twice a report: a call of obstore's goes through its threads.
            with _translated("read", f"{self.location}/{path}"):
                return S_ISREG(os.stat(f"{self.root}/{path}").st_mode)  # noqa: PTH116
        except FileNotFoundError:
            return False

    def modified(self, path: str) -> datetime:
        """When a file was written, by the storage's clock, UTC.

        Raises:
            FileNotFoundError: If there is no such file.
            StorageError: If the store cannot be asked.
        """
        with _translated("read", f"{self.location}/{path}"):
            return obstore.head(self._store, path)["last_modified"]

    def list(self, folder: str) -> list[str]:
        """Paths of all files under a folder, sorted; empty if there is none.

        Raises:
            StorageError: If the folder cannot be listed.
        """
        with _translated("list", f"{self.location}/{folder}"):
            chunks = obstore.list(self._store, folder)
            return sorted(item["path"] for chunk in chunks for item in chunk)

    def delete(self, path: str) -> None:
        """Remove a file; one that is gone already is no error.

        Raises:
            StorageError: If it cannot be removed.
        """
        with (
            _translated("delete", f"{self.location}/{path}"),
            suppress(FileNotFoundError),
        ):
            obstore.delete(self._store, path)

    def sweep(self) -> None:
        """Remove what dead processes left behind before it was published.

        Raises:
            StorageError: If a file cannot be removed.
        """
        if self.root is None:
            return
        with _translated("delete", f"{self.location}/{local_files.STAGING}"):
            local_files.sweep(self.root)


def sentence(error: StorageError, place: Path | None) -> str:
    """What an error says; for a full disk with the bytes that are free.

    Args:
        error: What went wrong.
        place: A folder of the disk, if it is a local one.

    Returns:
        One sentence.
    """
    cause = error.__cause__
    full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
    if not full or place is None:
        return str(error)
    try:
        free_bytes = shutil.disk_usage(place).free
    except OSError:
        return str(error)
    return f"{str(error).rstrip('.')}; {free_bytes} bytes are free."


@contextmanager
def _translated(verb: str, path: str) -> Iterator[None]:
    """Turn what obstore and the system raise into one sentence of ours."""
    try:
        yield
    except FileNotFoundError as error:
        if verb == "read":
            raise
        raise StorageError(f"Cannot {verb} `{path}`: {_cause(error)}.") from error
    except (OSError, BaseError) as error:
        raise StorageError(f"Cannot {verb} `{path}`: {_cause(error)}.") from error


def _cause(error: Exception) -> str:
    """The first line of an error, without the system's number before it."""
    text = getattr(error, "strerror", None) or str(error)
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


def _remote(url: str) -> "ObjectStore":
    """The object store behind a URL."""
    if re.search(r"://[^/]*@", url):
        raise ValueError("`store` must carry no password, got a URL with an `@`.")
    try:
        return from_url(
            url,
            client_options={"timeout": "30s", "connect_timeout": "5s"},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
        )
    except BaseError as error:
        raise ValueError(
            f"`store` must be a folder or a URL such as s3://bucket/folder, got {url!r}."
        ) from error
