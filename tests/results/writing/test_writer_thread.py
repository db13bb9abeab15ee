"""The writer when its thread cannot do its work: nothing dies unseen."""

import subprocess
import threading
import time

import pytest

from results.writing import background, compaction, compactor, drivers


@pytest.fixture
def always_at_work(monkeypatch):
    """Writers flush, beat and ask for compactions all the time."""
    monkeypatch.setattr(background, "FLUSH_S", 0.01)
    monkeypatch.setattr(drivers, "BEAT_S", 0.01)
    monkeypatch.setattr(compactor, "COMPACT_EVERY", 1)


@pytest.mark.usefixtures("always_at_work")
class TestThread:
    def test_compaction_cannot_start(self, store, make, monkeypatch):
        """Without memory for its process rows reach readers, and the heart beats."""
        failed = threading.Event()

        def fail(*_, **__):
            failed.set()
            raise OSError(12, "Cannot allocate memory")

        monkeypatch.setattr(compactor, "APART_ROWS", 0)
        monkeypatch.setattr(subprocess, "Popen", fail)
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report(0))
            assert failed.wait(5)
            open_writer.append("reports", make.report(1))
            wait_until(lambda: len(store.rows("reports")) == 2, 5)
            before = beat(store)
            wait_until(lambda: beat(store) != before, 5)
            assert open_writer.trouble is None

    @pytest.mark.parametrize("act", ["append", "flush", "compact"])
    def test_defect(self, store, make, monkeypatch, act, caplog):
        """It is raised as what it was by the next call; the heart stops knowingly."""
        error = RuntimeError("a defect")

        def fail(*_):
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(compaction, "compact_due", fail)
            open_writer = store.writer("demo")
            open_writer.append("reports", make.report(0))
            wait_until(lambda: "Traceback" in caplog.text, 5)
        assert open_writer.trouble is None  # that would be waited for
        args = ("reports", make.report(1)) if act == "append" else ()
        with pytest.raises(RuntimeError, match="a defect"):
            getattr(open_writer, act)(*args)
        before = beat(store)
        time.sleep(0.1)
        assert beat(store) == before
        with pytest.raises(RuntimeError, match="a defect"):
            open_writer.close()
        with store.writer("demo") as second:  # the search is free again
            second.append("reports", make.report(2))
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 2]

    def test_defect_of_a_flush(self, store, make, monkeypatch, caplog):
        """Rows that could not be put into segments are there for the next driver."""
        error = RuntimeError("a defect")

        def fail(*_):
            raise error

        open_writer = store.writer("demo")
        with monkeypatch.context() as patched:
            patched.setattr(open_writer._waiting, "put", fail)
            open_writer.append("reports", make.report(0))
            wait_until(lambda: "Traceback" in caplog.text, 5)
            with pytest.raises(RuntimeError, match="a defect"):
                open_writer.close()
        store.writer("demo").close()
        assert store.rows("reports")["epoch"].to_pylist() == [0]


def beat(store):
    """What the heartbeat of the first driver is now."""
    return store.storage.get("drivers/demo/0000001.beat")


def wait_until(holds, timeout_s):
    """Wait for something to hold, and fail if it does not in time."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
