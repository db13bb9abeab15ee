import threading

import pytest

from results.format import segments
from results.format.storage import Storage, StorageError
from results.writing.waiting import WaitingRows


@pytest.fixture
def storage():
    """A storage in memory."""
    return Storage("memory://", create=True)


@pytest.fixture
def waiting(storage):
    """No rows of the first driver of `demo`."""
    return WaitingRows(storage, "demo", 1, threading.RLock())


@pytest.fixture
def numbered(make):
    """Builds a row of a table with a sequence number."""

    def build(table, seq):
        assigned = {"search": "demo", "driver_epoch": 1, "seq": seq, "time_utc": 0}
        rows = {"reports": make.report(), "decisions": make.decision()}
        return table, assigned | rows[table]

    return build


def stored(storage, table):
    """Sequence numbers by file of a table."""
    paths = storage.list(table)
    tables = [segments.decode(path, table, storage.get(path)) for path in paths]
    return [rows["seq"].to_pylist() for rows in tables]


def test_each_table_gets_a_segment(storage, waiting, numbered):
    """All rows of a table go into one segment, and then none waits."""
    waiting.add([numbered("reports", 0), numbered("decisions", 1)])
    waiting.add([numbered("reports", 2)])
    assert waiting.count() == 3
    waiting.put()
    assert (waiting.count(), waiting.segments_written) == (0, 2)
    assert stored(storage, "reports") == [[0, 2]]
    assert stored(storage, "decisions") == [[1]]


def test_tried_again_as_they_were(storage, waiting, numbered, monkeypatch):
    """Rows of a try whose answer was lost are not put into another segment too."""
    create = Storage.create

    def fail_after(self, path, data):
        create(self, path, data)
        raise StorageError("Cannot write: the connection was cut.")

    waiting.add([numbered("reports", 0)])
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "create", fail_after)
        with pytest.raises(StorageError, match="connection was cut"):
            waiting.put()
    assert waiting.count() == 1
    waiting.add([numbered("reports", 1)])
    waiting.put()
    assert stored(storage, "reports") == [[0], [1]]


def test_other_rows_stay(storage, waiting, numbered):
    """A segment of the same name with other content is not replaced."""
    path = segments.path_of("reports", "demo", 1, 0)
    storage.create(path, b"other")
    waiting.add([numbered("reports", 0)])
    with pytest.raises(StorageError, match=f"`{path}`: other rows stand there"):
        waiting.put()
    assert storage.get(path) == b"other"
