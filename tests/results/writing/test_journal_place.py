import shutil
import stat

import pytest

from results import Store
from results.format.storage import Storage, StorageError
from results.writing import drivers, journal_place
from results.writing.journal import Journal


MARK = "0123456789abcdef" * 4


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder on this machine for the journals of object stores."""
    monkeypatch.setenv("CROSSNETS_SPOOL", str(tmp_path / "spool"))
    return tmp_path / "spool"


@pytest.fixture
def bucket(make):
    """An object store with the search `demo`."""
    made = Store.open("memory://", create=True)
    made.create_search(make.header())
    return made


class TestPathOf:
    def test_folder(self, store, place):
        """A store that is a folder has its journals in it, and none elsewhere."""
        with store.writer("demo") as open_writer:
            path = journal_place.path_of(store.storage, "demo", 1, MARK)
            assert path == store.storage.root / "journal/demo/0000001.jsonl"
            assert path == open_writer._journal.path
        assert not place.exists()

    def test_object_store(self, bucket, place):
        """Its driver's own disk has them, named by number and fingerprint."""
        with bucket.writer("demo"):
            (path,) = place.rglob("*.jsonl")
            mark = drivers.fingerprint(bucket.storage, "demo", 1)
            assert path == journal_place.path_of(bucket.storage, "demo", 1, mark)
            assert path.name == f"0000001-{mark[:16]}.jsonl"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            for folder in (place, path.parent.parent, path.parent):
                assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    @pytest.mark.parametrize(
        ("said", "home"),
        [
            ({"CROSSNETS_SPOOL": "/a", "XDG_STATE_HOME": "/b"}, "/a"),
            ({"XDG_STATE_HOME": "/b"}, "/b/crossnets/spool"),
            ({"HOME": "/c"}, "/c/.local/state/crossnets/spool"),
        ],
    )
    def test_own_disk(self, said, home, bucket, monkeypatch):
        """What the user says goes first, then the system's folder for such files."""
        for name in ("CROSSNETS_SPOOL", "XDG_STATE_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in said.items():
            monkeypatch.setenv(name, value)
        found = journal_place.folder(bucket.storage, "demo")
        assert str(found.parent.parent) == home
        assert found.name == "demo"

    def test_no_home(self, bucket, monkeypatch):
        """Where no place is known a driver does not begin."""
        for name in ("CROSSNETS_SPOOL", "XDG_STATE_HOME"):
            monkeypatch.delenv(name, raising=False)

        def fail():
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(journal_place.Path, "home", fail)
        with pytest.raises(StorageError, match="no home folder, and CROSSNETS_SPOOL"):
            bucket.writer("demo")

    def test_one_a_store(self, place):
        """Two buckets have two folders; one bucket has the same each time."""
        folders = [
            journal_place.folder(Storage(f"s3://{name}/runs", create=True), "demo")
            for name in ("a", "b", "a")
        ]
        assert folders[0] == folders[2] != folders[1]
        assert place in folders[0].parents

    @pytest.mark.usefixtures("place")
    def test_cannot_be_written(self, bucket, tmp_path):
        """A place that cannot be written is an error of the storage, at the start."""
        (tmp_path / "spool").write_text("")
        with pytest.raises(StorageError, match=r"^Cannot .* `.*spool.*`: .*\.$"):
            bucket.writer("demo")


class TestLeft:
    def test_of_a_driver_that_died(self, bucket, place, make):
        """The next driver on this machine stores the rows, and the file goes."""
        bucket.writer("demo").append("reports", make.report(0))
        (left,) = journal_place.left(bucket.storage, "demo")
        assert (left.driver_epoch, left.is_own) == (1, True)
        bucket.writer("demo", takeover=True).close()
        assert bucket.rows("reports")["epoch"].to_pylist() == [0]
        assert list(place.rglob("*.jsonl")) == []

    def test_of_a_store_that_was_deleted(self, bucket, place, make):
        """Rows are not put into one that was made in its place, and it is said."""
        bucket.writer("demo").append("reports", make.report(5))
        again = Store.open("memory://", create=True)
        again.create_search(make.header())
        again.writer("demo").close()
        with again.writer("demo") as writer:
            (warning,) = writer.warnings
        assert "holds rows of another store" in warning
        assert len(again.rows("reports")) == 0
        assert len(list(place.rglob("*.jsonl"))) == 1

    def test_without_rows(self, bucket, place, make):
        """A driver of another store that has nothing waiting is not spoken of."""
        bucket.writer("demo")
        again = Store.open("memory://", create=True)
        again.create_search(make.header())
        with again.writer("demo") as writer:
            assert writer.warnings == ()
            assert len(list(place.rglob("*.jsonl"))) == 2

    def test_spooled_by_an_older_version(self, store, place, bucket, make):
        """What it kept on this machine for a folder is not harmed, and not used."""
        bucket.writer("demo").append("reports", make.report(5))
        (path,) = place.rglob("*.jsonl")
        folder = store.storage.root / "journal/demo"
        folder.mkdir(parents=True)
        shutil.copy(path, folder)  # not even here
        (spooled,) = folder.iterdir()
        content = spooled.read_bytes()
        store.writer("demo").close()
        with store.writer("demo") as writer:
            assert writer.warnings == ()
        assert spooled.read_bytes() == content == path.read_bytes()
        assert len(store.rows("reports")) == 0

    def test_other_files(self, store):
        """Files that are no journals are left alone."""
        journal = Journal(journal_place.path_of(store.storage, "demo", 3, MARK))
        journal.append([("reports", {"seq": 0})])
        for name in ("0000001.jsonl.damaged", "notes"):
            journal.path.with_name(name).write_text("")
        (left,) = journal_place.left(store.storage, "demo")
        assert (left.path, left.driver_epoch, left.is_own) == (journal.path, 3, True)
