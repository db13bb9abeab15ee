"""Whether who has something to itself is still at work on it.

An owner writes down which process it is, and writes something new again and again
while it works. On its own machine its process is looked up. From another one it
counts as alive while what it writes changes between two looks, and as gone after a
silence that the looker measures with its own monotonic clock. Times of files are
never asked: the clock of a file server may be minutes off.
"""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Silence:
    """How long an owner has written nothing new, by the clock of who looks."""

    def __init__(self, limit_s: float) -> None:
        """Look at nothing yet.

        Args:
            limit_s: Longest silence of an owner that is at work.
        """
        self._limit_s = limit_s
        self._seen: list[Any] = []
        self._since_s = time.monotonic()

    @property
    def was_broken(self) -> bool:
        """Whether two looks saw something different."""
        return len(self._seen) > 1

    def is_too_long(self, content: Any) -> bool:
        """Whether the looks have seen this same content for too long.

        Args:
            content: What there is to see now.
        """
        now_s = time.monotonic()
        if not self._seen or content != self._seen[-1]:
            self._seen = [*self._seen[-1:], content]
            self._since_s = now_s
        return now_s - self._since_s > self._limit_s


def here() -> dict[str, Any]:
    """This process, as an owner writes it down."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "started": process_start(pid)}


def is_gone(owner: Mapping[str, Any]) -> bool | None:
    """Whether an owner's process has ended.

    Args:
        owner: What it wrote down of itself, see `here`.

    Returns:
        None if it was on another machine, or before this one was started anew:
        only looking at it for a while can tell.
    """
    pid, started = owner.get("pid"), owner.get("started")
    if owner.get("host") != socket.gethostname() or not isinstance(pid, int):
        return None
    if started is not None and _boot(started) != _boot(process_start(os.getpid())):
        return None
    return started is None or process_start(pid) != started


def process_start(pid: int) -> str | None:
    """What tells a process from others of its number; None if it is gone.

    One that has ended and was not yet fetched by its parent is gone.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return _without_proc(pid)
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def _boot(started: str | None) -> str:
    """The machine's start in that of a process; empty where it cannot be told."""
    return str(started).rpartition("/")[0]


def _without_proc(pid: int) -> str | None:
    """The same on systems without /proc, where only existence can be asked."""
    if Path("/proc/self").exists() or pid <= 0:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "running"
