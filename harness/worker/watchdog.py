"""A watchdog outside the process that it watches: a hung worker is ended.

The worker's half is `Watchdog`, one a process, `PROCESS`. The other half is this
very file, run as a script with the standard library alone: it reads beats from
a pipe and ends its parent with SIGKILL when none came for too long. So a sleep,
a loop that holds the interpreter and a stopped process all end alike. What is
done about it is the driver's business: it finds a note in the run's folder.

Silence is the time in which the guard itself ran: a suspended machine hangs
nobody. Between two epochs the worker waits for the driver, without a limit.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any


PATIENCE = 20
"""Times the longest silence that was broken so far that the next one may last."""

BEAT_EVERY_S = 0.2
"""Least time between two beats that are passed on."""

TICK_S = 0.25
"""How often the guard looks; twice that is the most that one look counts."""

NOTE_S = 2.0
"""How long writing the note may hold up the end, on a disk that hangs as well."""

NOTE = ".hung.json"
"""Name of the note in a run's folder."""

START = "at the start"
"""Where a job is that has not said so yet."""

GREETING = b"ready"
"""What the guard answers when it is there."""


class Silence:
    """How long a job has been silent, and how long it may be."""

    def __init__(self) -> None:
        """Nobody is watched."""
        self.job: dict[str, Any] | None = None
        self.where = START
        self.silent_s = 0.0
        self._folder, self._beaten, self._longest_s = "", False, 0.0

    @property
    def limit_s(self) -> float:
        """Longest silence that is none to worry about."""
        after_s = self.job["after_s"] if self.job else float("inf")
        return max(after_s, PATIENCE * self._longest_s)

    @property
    def hung(self) -> bool:
        """Whether a job is at work and has been silent for too long."""
        return self.job is not None and self.silent_s > self.limit_s

    def take(self, line: bytes) -> None:
        """Take a message of the worker.

        The time from `busy` to the first beat is no gap between beats: a run
        that opened its data slowly is not slow at everything.
        """
        message = json.loads(line)
        match message:
            case {"busy": folder, "after_s": _}:
                if folder != self._folder:
                    self._longest_s = 0.0
                self.job, self._folder, self._beaten = message, folder, False
                self.where = START
            case "beat" | {"at": _}:
                if isinstance(message, dict):
                    self.where = message["at"]
                if self._beaten:
                    self._longest_s = max(self._longest_s, self.silent_s)
                self._beaten = True
            case _:
                self.job = None
        self.silent_s = 0.0

    def note(self) -> dict[str, Any]:
        """What is to be said about a job that hangs."""
        return {
            "reason": f"hung: no update for {self.silent_s:.0f} s {self.where}",
            "silent_s": self.silent_s,
            "limit_s": self.limit_s,
        }


class Watchdog:
    """The worker's half: tells a guard what the process does."""

    def __init__(self) -> None:
        """Start nothing: the guard is started by the first `busy`."""
        self.where = START
        self._lock = threading.RLock()  # the lanes of a bank have a thread each
        self._guard: subprocess.Popen[bytes] | None = None
        self._job: dict[str, Any] | None = None
        self._beat_s = 0.0

    def busy(self, folder: Path, after_s: float) -> None:
        """Work on a job begins: from now on silence has a limit.

        Args:
            folder: The job's own, in which the note would be left.
            after_s: Longest silence before the process is ended.
        """
        self.where = START
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
            self._job, self._guard = job, self._started()
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
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        assert guard.stdin is not None
        assert guard.stdout is not None
        guard.stdout.read(len(GREETING))
        os.set_blocking(guard.stdin.fileno(), False)
        return guard


PROCESS = Watchdog()
"""The watchdog of this process; it has no guard until a worker is `busy`."""


def taken(folder: Path) -> str | None:
    """The reason that a guard has left in a run's folder; the note is removed."""
    path = folder / NOTE
    try:
        reason = json.loads(path.read_bytes())["reason"]
    except (OSError, ValueError, KeyError, TypeError):
        reason = None
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    return reason if isinstance(reason, str) else None


def guard(parent: int) -> None:
    """Watch the parent until it is gone, or until it hangs and is ended.

    Args:
        parent: Its number; standard input is the pipe that it writes to.
    """
    silence, rest = Silence(), b""
    sys.stdout.buffer.write(GREETING)
    sys.stdout.buffer.flush()
    before_s = time.monotonic()
    while os.getppid() == parent:
        ready, _, _ = select.select([0], [], [], TICK_S)
        now_s = time.monotonic()
        silence.silent_s += min(now_s - before_s, 2 * TICK_S)
        before_s = now_s
        if ready:
            content = os.read(0, 1 << 16)
            if not content:
                return
            *lines, rest = (rest + content).split(b"\n")
            for line in lines:
                silence.take(line)
        elif silence.hung and os.getppid() == parent:
            _note(silence)
            os.kill(parent, signal.SIGKILL)
            return


def _note(silence: Silence) -> None:
    """Leave a note in the job's folder, unless the disk hangs."""
    assert silence.job is not None
    folder, note = Path(silence.job["busy"]), silence.note()

    def write() -> None:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            aside = folder / f"{NOTE}.{os.getpid()}"
            aside.write_text(json.dumps(note), encoding="utf-8")
            aside.rename(folder / NOTE)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    writer.join(NOTE_S)


if __name__ == "__main__":
    guard(int(sys.argv[1]))
