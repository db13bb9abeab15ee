"""The worker's half of the watchdog: one guard, kept alive, and the note it leaves."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness.worker import guard, watchdog
from harness.worker.watchdog import Watchdog


class TestOneGuard:
    def test_serves_one_job_after_the_other(self, tmp_path, gone):
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
        self, tmp_path, monkeypatch, gone
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

    def test_a_guard_that_is_stuck_stops_nobody(self, tmp_path, is_there):
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

    def test_no_guard_can_be_started(self, tmp_path, monkeypatch, caplog):
        """A job goes on without one, that is logged, and later beats try again."""
        monkeypatch.setattr(watchdog, "BEAT_EVERY_S", 0.0)

        def fail(*_, **__):
            raise OSError(12, "Cannot allocate memory")

        dog = Watchdog()
        try:
            with monkeypatch.context() as patched:
                patched.setattr(subprocess, "Popen", fail)
                dog.busy(tmp_path, 1000.0)
                dog.at("in joint epoch 1")
                dog.beat()
            assert caplog.text.count("Cannot allocate memory") == 1
            assert dog._guard is None
            dog.beat()
            assert dog._guard is not None
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


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"reason": 3}', b"\xff"])
def test_a_damaged_note_is_none(tmp_path, content):
    """It is removed, and Ray's own words are used."""
    (tmp_path / guard.NOTE).write_bytes(content)
    assert watchdog.taken(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
