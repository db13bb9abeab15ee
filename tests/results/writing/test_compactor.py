import errno
import subprocess
import sys

import pytest

from results.writing import compaction_choice, compactor
from results.writing.compactor import Compactor


@pytest.fixture
def made(store, make):
    """The compactor of a driver of `demo` that wrote three segments and ended."""
    with store.writer("demo") as writer:
        for step in range(3):
            writer.append("reports", make.report(step))
            writer.flush()
    return Compactor(store.storage, "demo", writer.driver_epoch)


def files(store):
    """Number of files of `reports`."""
    return len(store.storage.list("reports"))


@pytest.mark.parametrize("apart_rows", [3, 4], ids=["apart", "here"])
def test_compact_all(store, made, monkeypatch, apart_rows):
    """In this process or in another, three segments become one with all rows."""
    monkeypatch.setattr(compactor, "APART_ROWS", apart_rows)
    started, start = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *a, **k: started.append(a) or start(*a, **k)
    )
    made.compact_all(next_seq=3)
    assert files(store) == 1
    assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 1, 2]
    assert len(started) == (apart_rows == 3)


def test_asked_every_few_segments(store, made, monkeypatch):
    """It is asked at first, and then once `COMPACT_EVERY` segments are new."""
    monkeypatch.setattr(compaction_choice, "LOOSE", 3)
    made.compact_due(segments_written=3, next_seq=3)
    monkeypatch.setattr(compaction_choice, "LOOSE", 2)
    made.compact_due(segments_written=3 + compactor.COMPACT_EVERY - 1, next_seq=3)
    assert files(store) == 3
    made.compact_due(segments_written=3 + compactor.COMPACT_EVERY, next_seq=3)
    assert files(store) == 1


@pytest.mark.parametrize("error", [OSError(errno.ENOMEM, "no memory"), MemoryError()])
def test_cannot_start(store, made, monkeypatch, error):
    """A process that cannot be made is no failure; later the same is compacted."""
    monkeypatch.setattr(compactor, "APART_ROWS", 3)
    monkeypatch.setattr(compaction_choice, "LOOSE", 2)

    def fail(*_, **__):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", fail)
        made.compact_due(segments_written=3, next_seq=3)
        made.compact_all(next_seq=3)
    assert files(store) == 3
    monkeypatch.setattr(compactor, "APART_ROWS", 4)  # else `LOOSE` is not patched there
    made.compact_due(segments_written=3 + compactor.COMPACT_EVERY, next_seq=3)
    assert files(store) == 1


def test_stop(made):
    """A process that compacts is ended; without one nothing happens."""
    made.stop()
    made._process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1)
    made.stop()
    with made._process as process:
        assert process.wait(10) != 0
