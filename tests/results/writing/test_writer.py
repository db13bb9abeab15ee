import threading
import time

import pytest

from results import Store, queries
from results.format import schema, segments
from results.format.schema import SchemaMismatch
from results.format.storage import Storage, StorageError
from results.writing import background, compactor, drivers, journal, writer


def files(store):
    """All files of a store."""
    return sorted(path for path in store.storage.root.rglob("*") if path.is_file())


class TestAppend:
    def test_fills_in(self, store, make):
        """Search, epoch, rising sequence numbers and the time are filled in."""
        before = time.time_ns() // 1000
        with store.writer("demo") as open_writer:
            assert open_writer.append("trials", make.trial()) == 0
            assert open_writer.append("reports", make.report()) == 1
        row = store.rows("reports").to_pylist()[0]
        assert (row["search"], row["driver_epoch"], row["seq"]) == ("demo", 1, 1)
        assert before <= row["time_utc"].timestamp() * 1e6 <= time.time_ns() / 1000

    def test_sequence_goes_on(self, store, make):
        """The next driver's numbers follow the last ones, with a higher epoch."""
        for _ in range(3):
            with store.writer("demo") as open_writer:
                open_writer.append("reports", make.report())
        rows = store.rows("reports").to_pylist()
        found = sorted((row["driver_epoch"], row["seq"]) for row in rows)
        assert found == [(1, 0), (2, 1), (3, 2)]

    @pytest.mark.parametrize("table", schema.TABLES)
    def test_every_table(self, table, store, make):
        """A row of each table comes back with every value that was given."""
        with store.writer("demo") as open_writer:
            open_writer.append(table, make.rows[table])
        row = store.rows(table).to_pylist()[0]
        assert {name: row[name] for name in make.rows[table]} == make.rows[table]

    def test_mismatch_writes_nothing(self, store, make):
        """One bad row among good ones, and no file of the store has changed."""
        with store.writer("demo") as open_writer:
            before = [(path, path.read_bytes()) for path in files(store)]
            bad = make.report(step="one")
            with pytest.raises(SchemaMismatch):
                open_writer.append_many([("trials", make.trial()), ("reports", bad)])
            assert [(path, path.read_bytes()) for path in files(store)] == before
            assert open_writer.append("reports", make.report()) == 0
        assert len(store.rows("trials")) == 0

    def test_unknown_table(self, store, make):
        """A table that is not known is refused."""
        with (
            store.writer("demo") as open_writer,
            pytest.raises(ValueError, match=r"`table` must be one of .*, got 'loss'"),
        ):
            open_writer.append("loss", make.report())

    def test_closed(self, store, make):
        """A closed writer takes no rows, and closing it again does nothing."""
        open_writer = store.writer("demo")
        open_writer.close()
        open_writer.close()
        with pytest.raises(ValueError, match="must be open to append, and is closed"):
            open_writer.append("reports", make.report())

    def test_threads(self, store, make):
        """Rows of several threads get different numbers and are all stored."""

        def work(trial):
            for step in range(50):
                open_writer.append("reports", make.report(step, trial=trial))

        with store.writer("demo") as open_writer:
            threads = [threading.Thread(target=work, args=(f"t-{i}",)) for i in "abcd"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        rows = store.rows("reports").to_pylist()
        assert sorted(row["seq"] for row in rows) == list(range(200))
        assert len({(row["trial"], row["epoch"]) for row in rows}) == 200


class TestFlush:
    def test_synchronous(self, store, make):
        """After `flush` the rows are in segments and the journal is empty."""
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report())
            open_writer.flush()
            assert len(store.rows("reports")) == 1
            path = store.storage.root / "journal/demo/0000001.jsonl"
            assert path.read_bytes() == b""

    def test_by_time(self, store, make):
        """A single row is in a segment soon, without anybody asking."""
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report())
            assert len(store.rows("reports")) == 0
            wait_until(lambda: len(store.rows("reports")) == 1, background.FLUSH_S + 3)

    def test_by_number(self, store, make, monkeypatch):
        """Enough rows are put into a segment without waiting for the time."""
        monkeypatch.setattr(background, "FLUSH_S", 1000.0)
        with store.writer("demo") as open_writer:
            open_writer.append_many(
                ("reports", make.report(step)) for step in range(writer.FLUSH_ROWS)
            )
            wait_until(lambda: len(store.rows("reports")) == writer.FLUSH_ROWS, 5)

    def test_store_that_fails_for_a_while(self, store, make, monkeypatch):
        """While segments cannot be written rows wait; after it all are stored once."""
        create = Storage.create

        def fail(storage, path, data):
            if path.endswith(".parquet"):
                raise StorageError(f"Cannot write `{path}`: No space left on device.")
            return create(storage, path, data)

        with store.writer("demo") as open_writer:
            with monkeypatch.context() as patched:
                patched.setattr(Storage, "create", fail)
                for step in range(3):
                    open_writer.append("reports", make.report(step))
                    with pytest.raises(StorageError, match="No space left"):
                        open_writer.flush()
            open_writer.append("reports", make.report(3))
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 1, 2, 3]

    def test_background_tries_again(self, store, make, monkeypatch):
        """The background thread outlives a failure and stores the rows after it."""
        failed, create = threading.Event(), Storage.create

        def fail(*_):
            failed.set()
            raise StorageError("Cannot write: no route to host.")

        monkeypatch.setattr(background, "FLUSH_S", 0.05)
        with store.writer("demo") as open_writer:
            monkeypatch.setattr(Storage, "create", fail)
            open_writer.append("reports", make.report())
            assert failed.wait(5)
            monkeypatch.setattr(Storage, "create", create)
            wait_until(lambda: len(store.rows("reports")) == 1, 5)

    def test_answer_lost_after_writing(self, store, make, monkeypatch):
        """A segment that was written though the store said otherwise stands once."""
        create = Storage.create

        def fail_after(storage, path, data):
            create(storage, path, data)
            raise StorageError("Cannot write: the connection was cut.")

        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report())
            with monkeypatch.context() as patched:
                patched.setattr(Storage, "create", fail_after)
                with pytest.raises(StorageError, match="connection was cut"):
                    open_writer.flush()
        assert len(store.rows("reports")) == 1

    def test_never_over_other_rows(self, store, make):
        """A segment of the same name with other rows is kept and reported."""
        path = segments.path_of("reports", "demo", 1, 0)
        store.storage.create(path, b"other")
        open_writer = store.writer("demo")
        open_writer._next_seq = 0
        open_writer.append("reports", make.report())
        with pytest.raises(StorageError, match="other rows stand there"):
            open_writer.close()
        assert store.storage.get(path) == b"other"

    def test_memory_is_bounded(self, store, make, monkeypatch):
        """With too many rows waiting, more are refused with the cause; none is dropped."""
        said, given = r"jsonl`: 5000 bytes wait there for `.*store`\. .* no route", []

        def fail(*_):
            raise StorageError("Cannot write: no route to host.")

        monkeypatch.setattr(writer, "LIMIT_BYTES", 5000)
        with store.writer("demo") as open_writer:
            with monkeypatch.context() as patched:
                patched.setattr(Storage, "create", fail)
                while open_writer._journal.size_bytes < 5000:
                    given.append(open_writer.append("reports", make.report(len(given))))
                with pytest.raises(StorageError, match="no route"):
                    open_writer.flush()
                with pytest.raises(StorageError, match=said):
                    open_writer.append("reports", make.report(99))
            open_writer.flush()
            open_writer.append("reports", make.report(100))
        found = sorted(store.rows("reports")["epoch"].to_pylist())
        assert found == [*given, 100]
        assert 1 < len(given) < 20

    def test_object_store(self, make, tmp_path, monkeypatch):
        """Its journal lies on this machine, and is removed once all rows are stored."""
        monkeypatch.setenv("CROSSNETS_SPOOL", str(tmp_path))
        store = Store.open("memory://", create=True)
        store.create_search(make.header())
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report())
            (path,) = tmp_path.rglob("*.jsonl")
            assert len(journal.read(path)) == 1
            open_writer.flush()
            assert path.read_bytes() == b""
            assert len(store.rows("reports")) == 1
        with store.writer("demo") as open_writer:
            assert open_writer.append("reports", make.report()) == 1
        assert store.storage.list("journal") == []
        assert list(tmp_path.rglob("*.jsonl")) == []


class TestTakeover:
    def test_second_driver(self, store):
        """A second writer is refused while the first is open, not after it."""
        with (
            store.writer("demo"),
            pytest.raises(ValueError, match="must have one driver at a time"),
        ):
            store.writer("demo")
        store.writer("demo").close()

    def test_fenced(self, store, make):
        """After a takeover the first writer's rows are refused; older ones stay."""
        first = store.writer("demo")
        first.append("reports", make.report(0, objective_mm=1.0))
        with store.writer("demo", takeover=True) as second:
            with pytest.raises(ValueError, match="epoch 1 was taken over"):
                first.append("reports", make.report(1, objective_mm=1.0))
            with pytest.raises(ValueError, match="epoch 1 was taken over"):
                first.close()
            second.append("reports", make.report(1, objective_mm=2.0))
        found = queries.read(store, "reports")["objective_mm"].to_pylist()
        assert found == [1.0, 2.0]

    def test_rows_of_a_fenced_driver_never_win(self, store, make):
        """A row of an older epoch loses, also with a later number and clock."""
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report(0, objective_mm=1.0))
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report(0, objective_mm=2.0))
        late = store.rows("reports").to_pylist()[0] | {"objective_mm": 3.0}
        late |= {
            "driver_epoch": 1,
            "seq": 99,
            "attempt": 7,
            "time_utc": 4_000_000_000_000_000,
        }
        data = segments.encode(schema.schema("reports"), [late])
        store.storage.create(segments.path_of("reports", "demo", 1, 99), data)
        found = queries.read(store, "reports")["objective_mm"].to_pylist()
        assert found == [2.0]

    def test_heartbeat(self, store, monkeypatch):
        """While a writer is open its heartbeat is renewed."""
        monkeypatch.setattr(drivers, "BEAT_S", 0.05)
        monkeypatch.setattr(background, "FLUSH_S", 0.05)
        with store.writer("demo"):
            first = store.storage.get("drivers/demo/0000001.beat")
            beat = lambda: store.storage.get("drivers/demo/0000001.beat")  # noqa: E731
            wait_until(lambda: beat() != first, 5)


def wait_until(holds, timeout_s):
    """Wait for something to hold, and fail if it does not in time."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("apart", [True, False], ids=["apart", "here"])
def test_compact_leaves_one_file_a_table_and_every_row(store, make, monkeypatch, apart):
    """Four segments become one; the rows are those that were appended."""
    monkeypatch.setattr(compactor, "APART_ROWS", 0 if apart else 10**9)
    with store.writer("demo") as open_writer:
        for step in range(3):
            open_writer.append("reports", make.report(step))
            open_writer.flush()
        before = store.rows("reports").sort_by("seq").to_pylist()
        assert len(store.storage.list("reports")) == 3
        open_writer.append("reports", make.report(3))
        open_writer.compact()
        (path,) = store.storage.list("reports")
        assert "/compact-" in path
        open_writer.append("reports", make.report(4))
    rows = store.rows("reports").sort_by("seq").to_pylist()
    assert rows[:3] == before
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3, 4]
