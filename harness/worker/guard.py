"""The guard of a worker: a process outside it that ends it when it hangs.

This very file is run as a script with the standard library alone: it reads beats
from a pipe and ends its parent with SIGKILL when none came for too long. So a sleep,
a loop that holds the interpreter and a stopped process all end alike. What is
done about it is the driver's business: it finds a note in the run's folder.

Silence is the time in which the guard itself ran: a suspended machine hangs nobody.
"""

import contextlib
import json
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any


PATIENCE = 20
"""Times the longest silence that was broken so far that the next one may last."""


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
