import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from results.format import records
from results.format.storage import Storage, StorageError
from results.writing import drivers


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
        assert (found.epoch, found.pid) == (1, os.getpid())
        assert found.host == socket.gethostname()

    def test_second_is_refused(self, storage):
        """While the first driver lives a second one is refused, and told who it is."""
        drivers.take(storage, "demo", takeover=False)
        with pytest.raises(ValueError, match=f"and process {os.getpid()} on .* drives"):
            drivers.take(storage, "demo", takeover=False)
        assert drivers.latest(storage, "demo").epoch == 1

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
        with pytest.raises(ValueError, match="another process took epoch 1 just now"):
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
        plant(storage, pid=child.pid, started=drivers._process_start(child.pid))
        assert self.is_alive(storage)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        try:
            assert not self.is_alive(storage)
        finally:
            child.communicate()

    def test_number_used_again(self, storage):
        """A process with the same number and another start is another process."""
        plant(storage, started="boot/1")
        assert not self.is_alive(storage)

    @pytest.mark.parametrize(("age_s", "alive"), [(5, True), (120, False)])
    @pytest.mark.parametrize("file", ["0000001.beat", "0000001.json"])
    def test_other_host(self, file, age_s, alive, storage):
        """On another host the age of the last heartbeat decides, or of the start."""
        plant(storage, host="elsewhere")
        drivers.beat(storage, "demo", 1)
        if file.endswith("json"):
            storage.delete("drivers/demo/0000001.beat")
        then = (datetime.now(UTC) - timedelta(seconds=age_s)).timestamp()
        os.utime(storage.root / "drivers/demo" / file, (then, then))
        assert self.is_alive(storage) is alive


class TestFingerprint:
    def test_of_each_epoch(self, storage, tmp_path):
        """It differs between epochs and stores, and is None for what is not there."""
        other = Storage(tmp_path / "other", create=True)
        for place in (storage, storage, other):
            drivers.take(place, "demo", takeover=True)
        asked = [(storage, 1), (storage, 2), (other, 1)]
        marks = {drivers.fingerprint(place, "demo", epoch) for place, epoch in asked}
        assert len(marks) == 3
        assert drivers.fingerprint(storage, "demo", 3) is None
        assert drivers.is_there(storage, "demo", 2)
        assert not drivers.is_there(storage, "demo", 3)
