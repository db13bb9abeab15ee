import stat

import pytest

from results import Store
from results.format.storage import Storage, StorageError
from results.writing import spool
from results.writing.spool import Spool


ROWS = [("reports", {"seq": 0, "kl": 0.5})]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder that holds the spools."""
    monkeypatch.setenv("CROSSNETS_SPOOL", str(tmp_path / "spool"))
    return tmp_path / "spool"


@pytest.fixture
def driven(place, store):
    """The storage of a store whose search `demo` has had one driver."""
    store.writer("demo").close()
    assert not place.exists()
    return store.storage


class TestFolder:
    @pytest.mark.parametrize(
        ("said", "home"),
        [
            ({"CROSSNETS_SPOOL": "/a", "XDG_STATE_HOME": "/b"}, "/a"),
            ({"XDG_STATE_HOME": "/b"}, "/b/crossnets/spool"),
            ({"HOME": "/c"}, "/c/.local/state/crossnets/spool"),
        ],
    )
    def test_place(self, said, home, store, monkeypatch):
        """What the user says goes first, then the system's folder for such files."""
        for name in ("CROSSNETS_SPOOL", "XDG_STATE_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in said.items():
            monkeypatch.setenv(name, value)
        found = spool.folder(store.storage, "demo")
        assert found is not None
        assert str(found.parent.parent) == home
        assert found.name == "demo"

    def test_one_a_store(self, tmp_path, place):
        """Two stores have two folders; one store has the same each time."""
        folders = [
            spool.folder(Storage(tmp_path / name, create=True), "demo")
            for name in ("a", "b", "a")
        ]
        assert folders[0] == folders[2] != folders[1]
        assert place in folders[0].parents


class TestSpool:
    def test_made_when_needed(self, driven, place):
        """No file before the first row, then one that its owner alone can read."""
        made = Spool(driven, "demo", 1)
        assert not place.exists()
        made.append(ROWS, 1)
        (found,) = spool.files(driven, "demo")
        assert (found.driver_epoch, found.is_own) == (1, True)
        assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
        for folder in (place, found.path.parent.parent, found.path.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_close(self, driven, place):
        """Without rows the file goes, and its folders; with rows it stays."""
        made = Spool(driven, "demo", 1)
        made.append(ROWS, 1)
        made.empty()
        made.close()
        assert list(place.iterdir()) == []
        made = Spool(driven, "demo", 1)
        made.append(ROWS, 1)
        made.close()
        assert len(spool.files(driven, "demo")) == 1

    def test_full(self, driven, monkeypatch):
        """A spool that holds as much as it may takes no more, and says so."""
        monkeypatch.setattr(spool, "LIMIT_BYTES", 50)
        made = Spool(driven, "demo", 1)
        made.append([*ROWS, *ROWS], 1)
        with pytest.raises(StorageError, match=r"50 bytes wait there for `.*store`"):
            made.append(ROWS, 2)

    def test_cannot_be_written(self, driven, place):
        """A spool that cannot be made is an error of the storage."""
        place.write_text("")
        with pytest.raises(StorageError, match=r"^Cannot write `.*`: .*\.$"):
            Spool(driven, "demo", 1).append(ROWS, 1)

    def test_no_driver(self, driven):
        """A driver that the store does not have cannot spool for it."""
        with pytest.raises(StorageError, match="has gone"):
            Spool(driven, "demo", 2)


class TestOtherStore:
    def test_rows_of_a_store_that_was_deleted(self, tmp_path, place, make, store):
        """They are not put into one that was made in its place, and it is said."""
        store.writer("demo").close()
        left = Spool(store.storage, "demo", 1)
        left.append([("reports", make.report(5))], 1)
        left.close()
        store.storage.root.rename(tmp_path / "deleted")
        again = Store.open(tmp_path / "store", create=True)
        again.create_search(make.header())
        again.writer("demo").close()
        with again.writer("demo") as writer:
            (warning,) = writer.warnings
        assert "holds rows of another store" in warning
        assert len(again.rows("reports")) == 0
        assert len(list(place.rglob("*.jsonl"))) == 1
