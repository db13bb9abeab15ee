"""The worker's half of the watchdog: it tells a guard process what this one does.

What happens to a process that is silent for too long is in `guard.py`. Between two
epochs the worker waits for the driver, without a limit.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from harness.diagnosis import logs
from harness.worker import guard


BEAT_EVERY_S = 0.2
"""Least time between two beats that are passed on."""


class Watchdog:
    """The worker's half: tells a guard what the process does."""

    def __init__(self) -> None:
        """Start nothing: the guard is started by the first `busy`."""
        self.where = guard.START
        self._lock = threading.RLock()  # the lanes of a bank have a thread each
        self._guard: subprocess.Popen[bytes] | None = None
        self._job: dict[str, Any] | None = None
        self._beat_s = 0.0
        self._failed = False

    def busy(self, folder: Path, after_s: float) -> None:
        """Work on a job begins: from now on silence has a limit.

        Args:
            folder: The job's own, in which the note would be left.
            after_s: Longest silence before the process is ended.
        """
        self.where = guard.START
        self._job = {"busy": str(folder), "after_s": after_s}
        self._tell(self._job)

    def at(self, where: str) -> None:
        """Say where the job is, such as `in joint epoch 4`; a beat too."""
        self.where = where
        if self._job is not None:
            self._tell({"at": where})

    def beat(self) -> None:
        """The job has made a step; cheap, and nothing where nobody watches."""
        now_s = time.monotonic()
        if self._job is not None and now_s - self._beat_s >= BEAT_EVERY_S:
            self._beat_s = now_s
            self._tell("beat")

    def idle(self) -> None:
        """The job waits for the driver, or is over."""
        self._job = None
        if self._guard is not None:
            self._tell("idle")

    def close(self) -> None:
        """End the guard."""
        with self._lock:
            self._job = None
            if self._guard is not None:
                self._guard.kill()
                self._guard.communicate()
                self._guard = None

    def _tell(self, message: Any) -> None:
        """Send a message, to a new guard if the old one is gone or stuck."""
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            if self._guard is not None and self._sent(self._guard, line):
                return
            job = self._job
            self.close()
            if job is None:
                return
            self._job = job
            try:
                self._guard = self._started()
            except OSError as error:  # no memory for a process; the next beat tries
                if not self._failed:
                    logs.LOGGER.warning("Nobody watches for hangs now: %s", error)
                self._failed = True
                return
            self._failed = False
            for part in (job, {"at": self.where}):
                self._sent(self._guard, json.dumps(part).encode() + b"\n")

    def _sent(self, guard: subprocess.Popen[bytes], line: bytes) -> bool:
        """Whether the pipe took the line, which it does whole or not at all."""
        assert guard.stdin is not None
        try:
            return os.write(guard.stdin.fileno(), line) == len(line)
        except (BlockingIOError, BrokenPipeError):
            return False

    def _started(self) -> subprocess.Popen[bytes]:
        """A guard that is there; it gets no signal of the terminal's."""
        started = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        assert started.stdin is not None
        assert started.stdout is not None
        started.stdout.read(len(guard.GREETING))
        os.set_blocking(started.stdin.fileno(), False)
        return started


PROCESS = Watchdog()
"""The watchdog of this process; it has no guard until a worker is `busy`."""


def taken(folder: Path) -> str | None:
    """The reason that a guard has left in a run's folder; the note is removed."""
    path = folder / guard.NOTE
    try:
        reason = json.loads(path.read_bytes())["reason"]
    except (OSError, ValueError, KeyError, TypeError):
        reason = None
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    return reason if isinstance(reason, str) else None
