"""Claims: of many workers that need the same thing, one makes it.

A claim is a file that is created exclusively and says who made it. Its time of
change is a heartbeat. A claim whose owner is dead (on this machine: the process is
gone; elsewhere: no beat for too long, by the waiting worker's own clock) is taken
over. Should two workers hold one claim all the same, as after a long sleep, both
make the same bits and one of them is thrown away: claims save work, and nothing
that is stored depends on them.
"""

import contextlib
import json
import os
import platform
import threading
import time
import uuid
from pathlib import Path
from typing import Any


BEAT_EVERY_S = 1.0
"""Least time between two beats that reach the disk."""


class Claim:
    """A claim that this process holds."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Made by `take`."""
        self._path, self._descriptor = path, descriptor
        self._beaten_s = time.monotonic()

    def __del__(self) -> None:
        """A run that is dropped in the middle holds nobody up."""
        self.release()

    def beat(self) -> None:
        """The work goes on; cheap enough for every update."""
        now_s = time.monotonic()
        if self._descriptor >= 0 and now_s - self._beaten_s >= BEAT_EVERY_S:
            self._beaten_s = now_s
            with contextlib.suppress(OSError):  # a disk in trouble: somebody may
                os.utime(self._descriptor)  # take over, and makes the same

    def release(self) -> None:
        """Let others have it; harmless when it was taken over meanwhile."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):
            mine, there = os.fstat(self._descriptor), self._path.stat()
            if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
                self._path.unlink()
        os.close(self._descriptor)
        self._descriptor = -1


def take(path: Path, owner: str) -> Claim | None:
    """A claim on what a path stands for; None if somebody has it.

    Args:
        path: The claim's file; its folder is made if it is missing.
        owner: Who asks, for people, such as the name of a trial.

    Raises:
        OSError: If the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return None
    claim = Claim(path, descriptor)
    try:
        os.write(descriptor, json.dumps({**_here(), "owner": owner}).encode())
    except OSError:
        claim.release()
        raise
    return claim


class Watch:
    """Looks at a claim of somebody else, until it is free or its owner is dead."""

    def __init__(self, path: Path, limit_s: float) -> None:
        """Look at nothing yet.

        Args:
            path: The claim's file.
            limit_s: Longest silence of an owner that cannot be asked.
        """
        self._path, self._limit_s = path, limit_s
        self._seen: tuple[int, int] | None = None
        self._since_s = time.monotonic()
        self.owner = "another worker"
        """Who has it, for people."""

    def free(self) -> bool:
        """Whether `take` is worth a try; a dead owner's claim is removed."""
        try:
            found = self._path.stat()
            said = _said(self._path)
        except FileNotFoundError:
            return True
        self.owner = str(said.get("owner") or self.owner)
        state, now_s = (found.st_ino, found.st_mtime_ns), time.monotonic()
        if state != self._seen:
            self._seen, self._since_s = state, now_s
        silent = now_s - self._since_s > self._limit_s
        if not (silent or _is_dead(said)):
            return False
        self._remove(found.st_ino)
        return True

    def _remove(self, inode: int) -> None:
        """Remove the claim that was looked at, and no newer one."""
        aside = self._path.with_name(f"{self._path.name}.{uuid.uuid4().hex}")
        with contextlib.suppress(OSError):
            self._path.rename(aside)
            if aside.stat().st_ino != inode:  # somebody was quicker: put it back
                with contextlib.suppress(FileExistsError):
                    os.link(aside, self._path)
            aside.unlink()


def _here() -> dict[str, Any]:
    """This process and thread, as a claim says them."""
    return {
        "host": platform.node(),
        "boot": _text("/proc/sys/kernel/random/boot_id"),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "thread": threading.get_ident(),
    }


def _is_dead(said: dict[str, Any]) -> bool:
    """Whether the owner has surely stopped working on it."""
    here = _here()
    if any(said.get(name) != here[name] for name in ("host", "boot")):
        return False  # out of sight: its heartbeat has to say
    pid = said.get("pid")
    if not isinstance(pid, int) or pid <= 0:
        return False
    if pid == here["pid"] and said.get("started") == here["started"]:
        return said.get("thread") == here["thread"]  # which is waiting here
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it is there, and somebody else's
    return _started(pid) not in ("", said.get("started"))


def _started(pid: int) -> str:
    """When a process began, in a form of its own; empty where it cannot be told.

    One that has ended and was not yet fetched by its parent counts as another.
    """
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20:
        return ""
    return "ended" if fields[0] == "Z" else fields[19]


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _said(path: Path) -> dict[str, Any]:
    """What a claim says of its owner; nothing if it is just being written."""
    try:
        said = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
