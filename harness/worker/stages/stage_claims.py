"""Claims: of many workers that need the same thing, one makes it.

A claim is a file that is created exclusively. Its first line says who made it, the
number in its second rises while the owner works. A claim whose owner is dead (see
`results.writing.leases`) is taken over. Should two workers hold one claim all the
same, as after a long sleep, both make the same bits and one of them is thrown away:
claims save work, and nothing that is stored depends on them.
"""

import contextlib
import json
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from results.writing import leases


BEAT_EVERY_S = 1.0
"""Least time between two beats that reach the disk."""


class Claim:
    """A claim that this process holds."""

    def __init__(self, path: Path, descriptor: int, start: int) -> None:
        """Made by `take`; the number of beats starts at a byte of the file."""
        self._path, self._descriptor, self._start = path, descriptor, start
        self._beats, self._beaten_s = 0, time.monotonic()

    def __del__(self) -> None:
        """A run that is dropped in the middle holds nobody up."""
        self.release()

    def beat(self) -> None:
        """The work goes on; cheap enough for every update."""
        now_s = time.monotonic()
        if self._descriptor >= 0 and now_s - self._beaten_s >= BEAT_EVERY_S:
            self._beats, self._beaten_s = self._beats + 1, now_s
            with contextlib.suppress(OSError):  # a disk in trouble: somebody may
                self.write()  # take over, and makes the same

    def write(self) -> None:
        """Write the number of beats; it stays as long as it is.

        Raises:
            OSError: If the file cannot be written.
        """
        os.pwrite(self._descriptor, b"%012d\n" % self._beats, self._start)

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
    line = json.dumps({**_here(), "owner": owner}).encode() + b"\n"
    claim = Claim(path, descriptor, len(line))
    try:
        os.write(descriptor, line)
        claim.write()
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
        self._path, self._silence = path, leases.Silence(limit_s)
        self.owner = "another worker"
        """Who has it, for people."""

    def free(self) -> bool:
        """Whether `take` is worth a try; a dead owner's claim is removed."""
        try:
            with self._path.open("rb") as file:
                inode, content = os.fstat(file.fileno()).st_ino, file.read()
        except FileNotFoundError:
            return True
        said = _said(content)
        self.owner = str(said.get("owner") or self.owner)
        silent = self._silence.is_too_long((inode, content))
        is_own = said | _here() == said
        if not (silent or is_own or leases.is_gone(said)):
            return False
        self._remove(inode)
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
    """This thread, as a claim says it: who waits in it is not at work in it."""
    return {**leases.here(), "thread": threading.get_ident()}


def _said(content: bytes) -> dict[str, Any]:
    """What a claim says of its owner; nothing if it is just being written."""
    try:
        said = json.loads(content.partition(b"\n")[0])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
