import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from results.format import records
from results.format.storage import Storage, StorageError
from results.writing import drivers, leases


@pytest.fixture
def storage(tmp_path):
    """A local storage without a driver."""
    return Storage(tmp_path, create=True)


def plant(storage, **given):
    """A driver's file as another process would have written it; its epoch is 1."""
    said = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": None,
        "time_utc": "2026-11-22T18:00:00+00:00",
    }
    storage.create("drivers/demo/0000001.json", records.encode(said | given))


class TestTake:
    def test_first(self, storage):
        """The first epoch is 1, and its file says which process has it."""
        assert drivers.latest(storage, "demo") is None
        assert drivers.take(storage, "demo", takeover=False) == 1
        found = drivers.latest(storage, "demo")
        assert (found.driver_epoch, found.pid) == (1, os.getpid())
        assert found.host == socket.gethostname()

    def test_second_is_refused(self, storage):
        """While the first driver lives a second one is refused, and told who it is."""
        drivers.take(storage, "demo", takeover=False)
        with pytest.raises(ValueError, match=f"and process {os.getpid()} on .* drives"):
            drivers.take(storage, "demo", takeover=False)
        assert drivers.latest(storage, "demo").driver_epoch == 1

    def test_takeover(self, storage):
        """A takeover takes the next epoch and fences the one before."""
        drivers.take(storage, "demo", takeover=False)
        assert not drivers.is_fenced(storage, "demo", 1)
        assert drivers.take(storage, "demo", takeover=True) == 2
        assert drivers.is_fenced(storage, "demo", 1)
        assert not drivers.is_fenced(storage, "demo", 2)

    def test_after_close(self, storage):
        """A driver that ended in order makes room, though its process lives on."""
        drivers.take(storage, "demo", takeover=False)
        drivers.close(storage, "demo", 1)
        assert drivers.take(storage, "demo", takeover=False) == 2

    def test_lost_race(self, storage, monkeypatch):
        """Who finds the epoch taken between looking and taking is refused."""
        plant(storage)
        monkeypatch.setattr(drivers, "latest", lambda *_: None)
        with pytest.raises(
            ValueError, match="another process took driver epoch 1 just now"
        ):
            drivers.take(storage, "demo", takeover=False)

    @pytest.mark.parametrize("answer", ["error", "exists"])
    def test_answer_lost(self, answer, storage, monkeypatch):
        """An epoch that was taken though the store said otherwise is taken."""
        create = Storage.create

        def lose(self, path, data):
            assert create(self, path, data)
            if answer == "error":
                raise StorageError("Cannot write: the connection was cut.")
            return False

        monkeypatch.setattr(Storage, "create", lose)
        assert drivers.take(storage, "demo", takeover=False) == 1

    def test_not_taken(self, storage, monkeypatch):
        """A write that failed takes nothing."""

        def fail(*_):
            raise StorageError("Cannot write: no route.")

        with monkeypatch.context() as patched:
            patched.setattr(Storage, "create", fail)
            with pytest.raises(StorageError, match="no route"):
                drivers.take(storage, "demo", takeover=False)
        assert drivers.latest(storage, "demo") is None

    def test_other_search(self, storage):
        """Drivers of two searches do not meet."""
        drivers.take(storage, "demo", takeover=False)
        assert drivers.take(storage, "other", takeover=False) == 1


class TestIsAlive:
    def is_alive(self, storage):
        """Whether the latest driver of `demo` is found alive."""
        return drivers.is_alive(storage, "demo", drivers.latest(storage, "demo"))

    def test_this_process(self, storage):
        """The driver that is this process is alive."""
        drivers.take(storage, "demo", takeover=False)
        assert self.is_alive(storage)

    def test_dead_process(self, storage):
        """A driver whose process has ended is not alive."""
        done = subprocess.Popen([sys.executable, "-c", ""])
        done.wait()
        plant(storage, pid=done.pid)
        assert not self.is_alive(storage)

    def test_dead_and_not_waited_for(self, storage):
        """A killed process whose parent has not asked for it yet is not alive."""
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1)
        plant(storage, pid=child.pid, started=leases.process_start(child.pid))
        assert self.is_alive(storage)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        try:
            assert not self.is_alive(storage)
        finally:
            child.communicate()

    def test_number_used_again(self, storage):
        """A process with the same number and another start is another process."""
        boot = leases.here()["started"].rpartition("/")[0]
        plant(storage, started=f"{boot}/1")
        assert not self.is_alive(storage)


def skew(storage, by_s):
    """Let all files of a driver be as old as those of a server with another clock."""
    then = time.time() + by_s
    for path in (storage.root / "drivers/demo").iterdir():
        os.utime(path, (then, then))


@pytest.mark.parametrize("skew_s", [-70.0, 0.0, 70.0])
class TestOtherHost:
    """The file server's clock is before this one's, or after it."""

    def test_alive(self, skew_s, storage, monkeypatch):
        """Who beats is not fenced out, whatever the times of its files are."""
        monkeypatch.setattr(drivers, "LOOK_EVERY_S", 0.02)
        plant(storage, host="elsewhere")
        drivers.beat(storage, "demo", 1)
        skew(storage, skew_s)
        ended = threading.Event()

        def drive():
            while not ended.wait(0.1):
                drivers.beat(storage, "demo", 1)
                skew(storage, skew_s)

        thread = threading.Thread(target=drive)
        thread.start()
        try:
            with pytest.raises(ValueError, match="on elsewhere drives it"):
                drivers.take(storage, "demo", takeover=False)
        finally:
            ended.set()
            thread.join()

    @pytest.mark.parametrize("has_beaten", [True, False])
    def test_dead(self, has_beaten, skew_s, storage, monkeypatch):
        """Who writes nothing new is followed, and not before the silence is over."""
        monkeypatch.setattr(drivers, "LOOK_EVERY_S", 0.02)
        monkeypatch.setattr(drivers, "STALE_S", 0.5)
        plant(storage, host="elsewhere")
        if has_beaten:
            drivers.beat(storage, "demo", 1)
        skew(storage, skew_s)
        start_s = time.monotonic()
        assert drivers.take(storage, "demo", takeover=False) == 2
        assert time.monotonic() - start_s >= 0.5

    def test_ends_meanwhile(self, skew_s, storage):
        """Who ends in order while it is looked at is not waited for any longer."""
        plant(storage, host="elsewhere")
        skew(storage, skew_s)
        ending = threading.Timer(0.2, drivers.close, (storage, "demo", 1))
        ending.start()
        start_s = time.monotonic()
        assert drivers.take(storage, "demo", takeover=False) == 2
        assert time.monotonic() - start_s < drivers.STALE_S / 4
        ending.join()

    def test_takeover_waits_for_nothing(self, skew_s, storage):
        """A takeover takes the epoch at once."""
        plant(storage, host="elsewhere")
        skew(storage, skew_s)
        start_s = time.monotonic()
        assert drivers.take(storage, "demo", takeover=True) == 2
        assert time.monotonic() - start_s < drivers.STALE_S / 4

    def test_current(self, skew_s, storage):
        """It is told at once, with the storage's time of its last sign of life."""
        plant(storage, host="elsewhere")
        skew(storage, skew_s)
        assert drivers.current(storage, "demo").last_beat_utc is not None
        drivers.beat(storage, "demo", 1)
        os.utime(storage.root / "drivers/demo/0000001.beat", (skew_s + 70,) * 2)
        heard = datetime.fromtimestamp(skew_s + 70, UTC).isoformat()
        assert drivers.current(storage, "demo").last_beat_utc == heard
        drivers.close(storage, "demo", 1)
        assert drivers.current(storage, "demo") is None


class TestCurrent:
    def test_here(self, storage):
        """A driver on this host is looked up, and needs no time; a dead one is none."""
        assert drivers.current(storage, "demo") is None
        drivers.take(storage, "demo", takeover=False)
        found = drivers.current(storage, "demo")
        assert (found.pid, found.last_beat_utc) == (os.getpid(), None)
        done = subprocess.Popen([sys.executable, "-c", ""])
        done.wait()
        said = leases.here() | {"pid": done.pid, "time_utc": ""}
        storage.create("drivers/demo/0000002.json", records.encode(said))
        assert drivers.current(storage, "demo") is None


class TestFingerprint:
    def test_of_each_epoch(self, storage, tmp_path):
        """It differs between epochs and stores, and is None for what is not there."""
        other = Storage(tmp_path / "other", create=True)
        for place in (storage, storage, other):
            drivers.take(place, "demo", takeover=True)
        asked = [(storage, 1), (storage, 2), (other, 1)]
        marks = {
            drivers.fingerprint(place, "demo", driver_epoch)
            for place, driver_epoch in asked
        }
        assert len(marks) == 3
        assert drivers.fingerprint(storage, "demo", 3) is None
