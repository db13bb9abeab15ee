"""The writer while its store cannot be written: refusing, trouble, catching up."""

import os
import re
import shutil
import threading
import time

import pytest

from results import Store, queries
from results.format.storage import Storage, StorageError
from results.writing import (
    background,
    compaction,
    compaction_choice,
    compactor,
    drivers,
    journal,
    writer,
)
from results.writing.journal import Journal


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """The folder with the journals of object stores."""
    monkeypatch.setenv("CROSSNETS_SPOOL", str(tmp_path / "spool"))
    return tmp_path / "spool"


@pytest.fixture
def asked_only(monkeypatch):
    """Writers flush when they are asked to, not by themselves."""
    monkeypatch.setattr(background, "FLUSH_S", 1000.0)
    monkeypatch.setattr(background, "AGAIN_S", 1000.0)
    monkeypatch.setattr(writer, "FLUSH_ROWS", 10**9)


class TestTrouble:
    @pytest.mark.usefixtures("asked_only")
    def test_set_and_cleared(self, store, make, monkeypatch):
        """It names path, cause and free bytes while a flush fails, and then goes."""

        def fail(*_):
            raise OSError(28, "No space left on device")

        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report())
            with monkeypatch.context() as patched:
                patched.setattr(os, "link", fail)
                with pytest.raises(StorageError):
                    open_writer.flush()
                assert re.fullmatch(
                    r"Cannot write `.*/reports/.*parquet`: No space left on device; "
                    r"\d+ bytes are free\.",
                    open_writer.trouble or "",
                )
            open_writer.flush()
            assert open_writer.trouble is None

    @pytest.mark.usefixtures("asked_only")
    def test_cleared_only_by_bytes_that_were_taken(self, store, make, monkeypatch):
        """Without rows to write, a store that takes empty files only is not well."""

        def full(*_):
            raise OSError(28, "No space left on device")

        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report(0))
            with monkeypatch.context() as patched:
                patched.setattr(os, "write", full)
                with pytest.raises(StorageError, match=r"; \d+ bytes are free\.$"):
                    open_writer.append("reports", make.report(1))
                assert "No space left" in (open_writer.trouble or "")
            with monkeypatch.context() as patched:
                patched.setattr(Storage, "replace", raiser("Cannot write: full."))
                with pytest.raises(StorageError, match="full"):
                    open_writer.flush()
                assert len(store.rows("reports")) == 1
                assert open_writer.trouble == "Cannot write: full."
            open_writer.flush()
            assert open_writer.trouble is None

    @pytest.mark.usefixtures("asked_only")
    def test_journal_fails(self, store, make, monkeypatch):
        """Nothing is acknowledged, and the same rows can be given again."""
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report(0))
            with monkeypatch.context() as patched:
                patched.setattr(Journal, "append", raiser("Cannot write: broken."))
                for _ in range(2):
                    with pytest.raises(StorageError, match="broken"):
                        open_writer.append("reports", make.report(1))
                assert open_writer.trouble == "Cannot write: broken."
            assert open_writer.append("reports", make.report(1)) == 1
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 1]

    @pytest.mark.usefixtures("asked_only")
    def test_journal_fails_and_the_driver_dies(self, store, make, monkeypatch):
        """The next driver has what was acknowledged, and not what was refused."""
        first = store.writer("demo")
        first.append("reports", make.report(0))
        with monkeypatch.context() as patched:
            patched.setattr(drivers, "is_fenced", raiser("Cannot read: no route."))
            with pytest.raises(StorageError, match="no route"):
                first.append("reports", make.report(1))
        first.append("reports", make.report(2))
        store.writer("demo", takeover=True).close()
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 2]

    @pytest.mark.usefixtures("asked_only")
    def test_object_store(self, make, monkeypatch, place):
        """Rows are on this machine before they are acknowledged, whatever the store does."""
        store = Store.open("memory://", create=True)
        store.create_search(make.header())
        open_writer = store.writer("demo")
        open_writer.append("reports", make.report(0))
        (path,) = place.rglob("*.jsonl")
        assert [row["seq"] for _, row in journal.read(path)] == [0]
        with monkeypatch.context() as patched:
            for name in ("create", "get", "exists", "replace"):
                patched.setattr(Storage, name, raiser("Cannot write: no route."))
            with pytest.raises(StorageError, match="no route"):
                open_writer.flush()
            assert open_writer.trouble == "Cannot write: no route."
            assert open_writer.append("trials", make.trial()) == 1
            assert open_writer.append("reports", make.report(1)) == 2
            assert [row["seq"] for _, row in journal.read(path)] == [0, 1, 2]
            with pytest.raises(StorageError, match="no route"):
                open_writer.close()
        with store.writer("demo", takeover=True) as open_writer:
            assert open_writer.append("reports", make.report(2)) == 3
        found = [row["seq"] for row in store.rows("reports").to_pylist()]
        assert sorted(found) == [0, 2, 3]
        assert list(place.rglob("*.jsonl")) == []

    @pytest.mark.usefixtures("asked_only")
    def test_own_disk_is_full(self, make, monkeypatch):
        """An object store's rows that this machine's disk does not take are refused."""

        def full(*_):
            raise OSError(28, "No space left on device")

        store = Store.open("memory://", create=True)
        store.create_search(make.header())
        with store.writer("demo") as open_writer:
            with monkeypatch.context() as patched:
                patched.setattr(os, "write", full)
                with pytest.raises(StorageError, match=r"spool/.*; \d+ bytes are free"):
                    open_writer.append("reports", make.report(0))
            assert open_writer.append("reports", make.report(0)) == 0
        assert len(store.rows("reports")) == 1

    @pytest.mark.parametrize("location", ["store", "memory://"])
    def test_background_catches_up(self, location, make, monkeypatch, tmp_path):
        """Once the store is back rows are stored and the journal emptied, unasked."""
        monkeypatch.setattr(background, "FLUSH_S", 0.05)
        monkeypatch.setattr(background, "AGAIN_S", 0.05)
        where = location if "://" in location else tmp_path / location
        store = Store.open(where, create=True)
        store.create_search(make.header())
        with store.writer("demo") as open_writer:
            with monkeypatch.context() as patched:
                patched.setattr(Storage, "create", raiser("Cannot write: no route."))
                for step in range(20):
                    open_writer.append("reports", make.report(step))
                wait_until(lambda: open_writer.trouble is not None, 10)
                (path,) = tmp_path.rglob("*.jsonl")
                assert len(journal.read(path)) == 20
            wait_until(lambda: open_writer.trouble is None, 10)
            assert sorted(store.rows("reports")["epoch"].to_pylist()) == [*range(20)]
            assert path.read_bytes() == b""

    @pytest.mark.usefixtures("asked_only")
    def test_fenced_while_the_store_was_down(self, store, make, monkeypatch):
        """Rows that could not ask for the fence were not acknowledged, and never win."""
        first = store.writer("demo")
        first.append("reports", make.report(0, objective_mm=1.0))
        with monkeypatch.context() as patched:
            patched.setattr(drivers, "is_fenced", raiser("Cannot read: no route."))
            with pytest.raises(StorageError, match="no route"):
                first.append("reports", make.report(1, objective_mm=1.0))
        with store.writer("demo", takeover=True) as second:
            for step in (0, 1):
                second.append("reports", make.report(step, objective_mm=2.0))
        with pytest.raises(ValueError, match="epoch 1 was taken over"):
            first.append("reports", make.report(1, objective_mm=1.0))
        with pytest.raises(ValueError, match="epoch 1 was taken over"):
            first.flush()
        assert first.trouble is None
        with pytest.raises(ValueError, match="epoch 1 was taken over"):
            first.close()
        store.writer("demo").close()
        found = queries.read(store, "reports")["objective_mm"].to_pylist()
        assert found == [2.0, 2.0]
        assert list((store.storage.root / "journal/demo").iterdir()) == []

    @pytest.mark.usefixtures("asked_only")
    def test_object_store_fenced_from_another_machine(
        self, make, monkeypatch, tmp_path
    ):
        """Rows acknowledged before the fence was found are kept here, and never win."""
        store = Store.open("memory://", create=True)
        store.create_search(make.header())
        first = store.writer("demo")
        first.append("reports", make.report(0, objective_mm=1.0))
        with monkeypatch.context() as patched:
            patched.setenv("CROSSNETS_SPOOL", str(tmp_path / "other machine"))
            with store.writer("demo", takeover=True) as second:
                second.append("reports", make.report(0, objective_mm=2.0))
        first.append("reports", make.report(1, objective_mm=1.0))
        with pytest.raises(ValueError, match="epoch 1 was taken over"):
            first.flush()
        with pytest.raises(ValueError, match="epoch 1 was taken over"):
            first.append("reports", make.report(2))
        with pytest.raises(ValueError, match="epoch 1 was taken over"):
            first.close()
        store.writer("demo").close()
        found = queries.read(store, "reports")["objective_mm"].to_pylist()
        assert found == [2.0, 1.0]
        assert len(store.rows("reports")) == 3

    @pytest.mark.usefixtures("asked_only")
    def test_another_folder_in_its_place(self, store, make, tmp_path):
        """Nothing is written to an empty folder that stands where the store was."""
        root = store.storage.root
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report(0))
            root.rename(tmp_path / "away")
            with pytest.raises(StorageError, match="the store has gone"):
                open_writer.flush()
            assert not root.exists()
            root.mkdir()
            with pytest.raises(StorageError, match="the store has gone"):
                open_writer.append("reports", make.report(1))
            assert "the store has gone" in (open_writer.trouble or "")
            assert list(root.iterdir()) == []
            root.rmdir()
            (tmp_path / "away").rename(root)
            open_writer.append("reports", make.report(1))
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 1]

    @pytest.mark.parametrize("is_deleted", [True, False])
    @pytest.mark.usefixtures("asked_only")
    def test_another_store_in_its_place(self, store, make, tmp_path, is_deleted):
        """A driver of the same number there keeps its journal, and gets no row."""
        root = store.storage.root
        first = store.writer("demo")
        first.append("reports", make.report(0))
        shutil.rmtree(root) if is_deleted else root.rename(tmp_path / "away")
        other = Store.open(root, create=True)
        other.create_search(make.header())
        with other.writer("demo") as open_writer:
            for step in (5, 6):
                open_writer.append("reports", make.report(step))
            for _ in range(2):
                with pytest.raises(StorageError):
                    first.append("reports", make.report(1))
                with pytest.raises(StorageError, match="another one is there"):
                    first.flush()
            with pytest.raises(StorageError, match="another one is there"):
                first.close()
            (path,) = (root / "journal/demo").iterdir()
            assert len(journal.read(path)) == 2
        assert sorted(other.rows("reports")["epoch"].to_pylist()) == [5, 6]

    def test_read_only_at_start(self, store, monkeypatch):
        """A store that cannot be written is refused in one sentence."""

        def fail(*_):
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr(os, "link", fail)
        with pytest.raises(
            StorageError, match=r"^Cannot write `.*`: Read-only file system\.$"
        ):
            store.writer("demo")

    @pytest.mark.usefixtures("asked_only")
    def test_long_journal(self, store, make, monkeypatch):
        """A journal that has grown long is emptied though rows keep coming."""
        monkeypatch.setattr(writer, "JOURNAL_BYTES", 1000)
        path = store.storage.root / "journal/demo/0000001.jsonl"
        with store.writer("demo") as open_writer:
            put = open_writer._waiting._put
            for step in range(4):
                open_writer.append("reports", make.report(step))

            def put_and_append(table, rows):
                put(table, rows)
                if len(store.rows("reports")) == 4:
                    open_writer.append("reports", make.report(4))

            monkeypatch.setattr(open_writer._waiting, "_put", put_and_append)
            open_writer.flush()
            assert path.read_bytes() == b""
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [*range(5)]

    def test_compaction(self, store, make, monkeypatch):
        """Many segments become one while the writer is open; a failure harms nothing."""
        monkeypatch.setattr(background, "FLUSH_S", 0.01)
        monkeypatch.setattr(compactor, "COMPACT_EVERY", 1)
        failed, compact = threading.Event(), compaction.compact_due

        def fail(*_):
            failed.set()
            raise StorageError("Cannot write: full.")

        monkeypatch.setattr(compaction_choice, "LOOSE", 4)
        monkeypatch.setattr(compaction, "compact_due", fail)
        with store.writer("demo") as open_writer:
            for step in range(9):
                open_writer.append("reports", make.report(step))
                open_writer.flush()
            assert failed.wait(5)
            assert open_writer.trouble is None
            monkeypatch.setattr(compaction, "compact_due", compact)
            open_writer.append("reports", make.report(9))
            folder = "reports/demo"
            wait_until(lambda: len(store.storage.list(folder)) < 5, 10)
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [*range(10)]


def raiser(sentence):
    """A function that always fails."""

    def fail(*_, **__):
        raise StorageError(sentence)

    return fail


def wait_until(holds, timeout_s):
    """Wait for something to hold, and fail if it does not in time."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
