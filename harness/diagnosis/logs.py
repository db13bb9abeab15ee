"""The logger `crossnets`, and the files that it writes to.

A file is bounded, is its owner's alone, and holds no password of an address. One that
cannot be written fails no run.
"""

import contextlib
import logging
import os
import platform
import re
import time
from collections.abc import Iterator
from functools import partial
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from harness.definition.terminal import printable


LOGS = "logs"
"""Folder of a store with a folder of logs for each search."""

DRIVER = "driver.log"
"""Log of whoever drives a search, in the search's folder."""

MOST_BYTES = 1_000_000
"""Size at which a log becomes the older one; the one before that is removed."""

LONGEST = 100_000
"""Most characters of a record."""

LOGGER = logging.getLogger("crossnets")
"""What driver, worker and commands log to."""
LOGGER.addHandler(logging.NullHandler())  # without a file nothing is printed

_PASSWORD = re.compile(r"(\w://)[^/\s@]+@")
_PLACE = "The traceback is in "


class _Lines(logging.Formatter):
    """Text that steers no terminal, tells no password and imitates no record."""

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """A line, and those that belong to it set in."""
        text = _PASSWORD.sub(r"\1***@", super().format(record))[:LONGEST]
        return "\n    ".join(printable(line) for line in text.splitlines())


class _File(RotatingFileHandler):
    """A log file, made when there is something to write."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=MOST_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
        self.failed = False
        form = "%(asctime)sZ %(levelname)s %(process)d %(message)s"
        self.setFormatter(_Lines(form, "%Y-%m-%dT%H:%M:%S"))

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return open(path, "a", encoding="utf-8", opener=partial(os.open, mode=0o600))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        self.failed = True


@contextlib.contextmanager
def kept(path: Path) -> Iterator[None]:
    """What is logged meanwhile is kept in a file, with the error that ends it.

    The error gets a note that says where its traceback is.
    """
    file, level = _attached(path), LOGGER.level
    LOGGER.setLevel(logging.INFO)
    try:
        yield
    except Exception as error:
        LOGGER.exception("Ended by an error.")
        if not file.failed and place(error) is None:
            error.add_note(f"{_PLACE}{path}")
        raise
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(file)
        with contextlib.suppress(OSError):
            file.close()


def of_worker(folder: str | Path) -> None:
    """From now on this process keeps its log in a file of its own, in a folder."""
    if not any(isinstance(handler, _File) for handler in LOGGER.handlers):
        host = re.sub(r"[^\w.-]", "_", platform.node())
        _attached(Path(folder) / f"worker-{host}-{os.getpid()}.log")
        LOGGER.setLevel(logging.INFO)


def of_user() -> Path:
    """The log of commands that drive nothing, in the user's folder of such files."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = Path("~/.local/state").expanduser()
    return state / "crossnets" / "crossnets.log"


def place(error: BaseException) -> str | None:
    """The log in which an error's traceback is, if it is in one."""
    notes = [n for n in getattr(error, "__notes__", ()) if n.startswith(_PLACE)]
    return notes[0].removeprefix(_PLACE) if notes else None


def _attached(path: Path) -> _File:
    file = _File(path)
    LOGGER.addHandler(file)
    return file
