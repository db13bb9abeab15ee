"""The guard as a process of its own, and the silence that it measures, by hand."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.worker import watchdog
from harness.worker.guard import Silence


LIMIT_S = 1.0


WORKER = """
import os, re, signal, sys, time
from pathlib import Path
from harness.worker.watchdog import Watchdog
dog = Watchdog()
dog.busy(Path(sys.argv[1]), float(sys.argv[2]))
dog.at("in joint epoch 4")
print(dog._guard.pid, flush=True)
exec(sys.argv[3])
print("alive", flush=True)
"""
"""A process under the watchdog that does what it is told."""


def started(folder: Path, does: str, limit_s: float = LIMIT_S) -> subprocess.Popen:
    """A worker that does something; its first line is the guard's number."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(limit_s), does],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


class TestAHungProcess:
    @pytest.mark.parametrize(
        "does",
        [
            "time.sleep(1000)",
            "os.kill(os.getpid(), signal.SIGSTOP)",
            "re.match(r'(a+)+$', 'a' * 64 + 'b')",
            "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); time.sleep(1000)",
        ],
        ids=["sleep", "stopped", "c loop", "deaf"],
    )
    def test_is_ended_and_leaves_a_note(self, tmp_path, does, gone):
        """Asleep, stopped, in a C loop that holds the interpreter, or deaf."""
        worker = started(tmp_path / "t-00001", does)
        out, _ = worker.communicate(timeout=60)
        assert worker.returncode == -signal.SIGKILL
        assert "alive" not in out
        assert gone(int(out.split()[0]))
        reason = watchdog.taken(tmp_path / "t-00001")
        assert re.fullmatch(
            r"hung: no update for [12] s in joint epoch 4", reason or ""
        )
        assert watchdog.taken(tmp_path / "t-00001") is None
        assert list((tmp_path / "t-00001").iterdir()) == []

    def test_is_ended_though_no_note_can_be_written(self, tmp_path):
        """A folder that cannot be made keeps nobody alive."""
        (tmp_path / "file").write_text("")
        worker = started(tmp_path / "file" / "t-00001", "time.sleep(1000)")
        worker.communicate(timeout=60)
        assert worker.returncode == -signal.SIGKILL


class TestAProcessAtWork:
    @pytest.mark.parametrize(
        "does",
        [
            "dog.idle(); time.sleep(3)",
            "[(time.sleep(0.3), dog.beat()) for _ in range(10)]",
            "[(time.sleep(0.3), dog.beat()) for _ in range(3)]; time.sleep(3)",
        ],
        ids=["idle", "steady", "ten times slower"],
    )
    def test_is_left_alone(self, tmp_path, does, gone):
        """While it waits, beats, or takes ten times as long as before."""
        worker = started(tmp_path, does)
        out, _ = worker.communicate(timeout=60)
        assert (worker.returncode, out.split()[1]) == (0, "alive")
        assert gone(int(out.split()[0]))
        assert list(tmp_path.iterdir()) == []

    def test_has_a_guard_only_as_long_as_it_lives(self, tmp_path, is_there, gone):
        """SIGKILL of the worker ends the guard too."""
        worker = started(tmp_path, "time.sleep(1000)", 1000.0)
        assert worker.stdout is not None
        guard = int(worker.stdout.readline())
        assert is_there(guard)
        worker.kill()
        worker.communicate()
        assert gone(guard)

    def test_gets_another_guard_if_it_loses_its_own(self, tmp_path):
        """A guard that was killed is replaced at the next beat, and watches."""
        does = (
            "os.kill(dog._guard.pid, 9); dog._guard.wait(); "
            "time.sleep(0.3); dog.beat(); time.sleep(1000)"
        )
        worker = started(tmp_path, does)
        worker.communicate(timeout=60)
        assert worker.returncode == -signal.SIGKILL
        assert watchdog.taken(tmp_path) is not None


class TestSilence:
    def told(self, *messages) -> Silence:
        """A silence that has heard messages; a number is time that passes."""
        silence = Silence()
        for message in messages:
            if isinstance(message, float):
                silence.silent_s += message
            else:
                silence.take(json.dumps(message).encode())
        return silence

    def job(self, folder: str = "/a") -> dict:
        """The message that a job begins with a limit of ten seconds."""
        return {"busy": folder, "after_s": 10.0}

    @pytest.mark.parametrize(
        ("messages", "limit_s", "hung"),
        [
            ((100.0,), float("inf"), False),
            ((100.0, "JOB", 9.0), 10.0, False),
            (("JOB", 11.0), 10.0, True),
            (("JOB", 9.0, "beat", 0.4, "beat", 9.0), 10.0, False),
            (("JOB", 9.0, "beat", 0.6, "beat", 11.0), 12.0, False),
            (("JOB", "beat", 0.6, "beat", 12.5), 12.0, True),
            (("JOB", "beat", 0.6, "beat", "idle", 99.0), 12.0, False),
            (("JOB", "beat", 0.6, "beat", "idle", 99.0, "JOB", 11.0), 12.0, False),
            (("JOB", "beat", 3.0, {"at": "x"}, 11.0), 60.0, False),
        ],
    )
    def test_limit_by_hand(self, messages, limit_s, hung):
        """Twenty times the longest gap between two beats, and never below ten."""
        heard = [self.job() if message == "JOB" else message for message in messages]
        silence = self.told(*heard)
        if silence.job is not None:
            assert silence.limit_s == pytest.approx(limit_s)
        assert silence.hung is hung

    def test_another_job_begins_afresh(self):
        """What is slow in one run says nothing about the next."""
        silence = self.told(self.job(), "beat", 5.0, "beat", self.job("/b"))
        assert silence.limit_s == 10.0

    def test_the_note_says_how_long_and_where(self):
        """Seconds are rounded; a job that said nothing hangs at the start."""
        silence = self.told(self.job(), 312.4)
        assert silence.note()["reason"] == "hung: no update for 312 s at the start"
        silence = self.told(self.job(), {"at": "in joint epoch 4"}, "beat", 312.4)
        assert silence.note() == {
            "reason": "hung: no update for 312 s in joint epoch 4",
            "silent_s": 312.4,
            "limit_s": 10.0,
        }
