"""The guard as a process of its own, and the silence that it measures, by hand."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.worker import guard, watchdog
from harness.worker.guard import Silence
from harness.worker.watchdog import Watchdog


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


def is_there(pid: int) -> bool:
    """Whether a process runs, zombies aside."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def gone(pid: int, within_s: float = 10.0) -> bool:
    """Whether a process ends within some seconds."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if not is_there(pid):
            return True
        time.sleep(0.05)
    return False


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
    def test_is_ended_and_leaves_a_note(self, tmp_path, does):
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
    def test_is_left_alone(self, tmp_path, does):
        """While it waits, beats, or takes ten times as long as before."""
        worker = started(tmp_path, does)
        out, _ = worker.communicate(timeout=60)
        assert (worker.returncode, out.split()[1]) == (0, "alive")
        assert gone(int(out.split()[0]))
        assert list(tmp_path.iterdir()) == []

    def test_has_a_guard_only_as_long_as_it_lives(self, tmp_path):
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


class TestOneGuard:
    def test_serves_one_job_after_the_other(self, tmp_path):
        """The process of the second job's guard is that of the first's."""
        dog = Watchdog()
        try:
            dog.busy(tmp_path / "a", 100.0)
            first = dog._guard.pid
            dog.idle()
            dog.busy(tmp_path / "b", 100.0)
            assert dog._guard.pid == first
        finally:
            dog.close()
        assert gone(first)

    def test_is_replaced_once_though_many_threads_find_it_gone(
        self, tmp_path, monkeypatch
    ):
        """The lanes of a bank tell one watchdog; none of them may fail for it."""
        monkeypatch.setattr(watchdog, "BEAT_EVERY_S", 0.0)
        dog, failures, ended = Watchdog(), [], threading.Event()
        dog.busy(tmp_path, 60.0)

        def lane(number: int) -> None:
            try:
                while not ended.is_set():
                    dog.at(f"in joint epoch {number}")
                    dog.beat()
            except Exception as error:
                failures.append(error)

        lanes = [threading.Thread(target=lane, args=(n,)) for n in range(4)]
        for thread in lanes:
            thread.start()
        pids = set()
        for _ in range(5):
            guard = dog._guard
            while (guard is None or guard.pid in pids) and not failures:
                guard = dog._guard
            if guard is not None:
                pids.add(guard.pid)
                guard.kill()
        ended.set()
        for thread in lanes:
            thread.join()
        dog.close()
        assert failures == []
        assert all(gone(pid) for pid in pids)

    def test_is_not_started_for_a_beat(self):
        """A run that nobody watches costs no process."""
        dog = Watchdog()
        dog.at("in joint epoch 1")
        dog.beat()
        dog.idle()
        assert dog._guard is None

    def test_a_guard_that_is_stuck_stops_nobody(self, tmp_path):
        """A full pipe is not waited for: the guard is replaced."""
        dog = Watchdog()
        try:
            dog.busy(tmp_path, 1000.0)
            stuck = dog._guard.pid
            os.kill(stuck, signal.SIGSTOP)
            start_s = time.monotonic()
            for _ in range(10_000):
                dog.at("in joint epoch 1" * 8)
            assert time.monotonic() - start_s < 30
            assert dog._guard.pid != stuck
            assert not is_there(stuck)
        finally:
            dog.close()

    def test_is_small(self, tmp_path):
        """The guard takes less than 20 MB of its own."""
        dog = Watchdog()
        try:
            dog.busy(tmp_path, 1000.0)
            text = Path(f"/proc/{dog._guard.pid}/smaps_rollup").read_text()
        finally:
            dog.close()
        private = sum(map(int, re.findall(r"Private_\w+:\s+(\d+) kB", text)))
        assert private < 20_000


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
        said = [self.job() if message == "JOB" else message for message in messages]
        silence = self.told(*said)
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


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"reason": 3}', b"\xff"])
def test_a_damaged_note_is_none(tmp_path, content):
    """It is removed, and Ray's own words are used."""
    (tmp_path / guard.NOTE).write_bytes(content)
    assert watchdog.taken(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
