import os
import stat

import pytest

from results.format.storage import Storage, StorageError


@pytest.fixture(params=["local", "memory"])
def storage(request, tmp_path):
    """A storage of each kind that needs no network."""
    place = tmp_path / "root" if request.param == "local" else "memory://"
    return Storage(place, create=True)


class TestEveryStorage:
    def test_reads_what_was_created(self, storage):
        """What `create` wrote, `get` gives back."""
        assert storage.create("a/b=c/d.bin", b"\0data")
        assert storage.get("a/b=c/d.bin") == b"\0data"

    def test_create_is_exclusive(self, storage):
        """A second `create` of a name returns False and changes nothing."""
        storage.create("a", b"first")
        assert not storage.create("a", b"second")
        assert storage.get("a") == b"first"

    def test_replace(self, storage):
        """`replace` writes over what was there."""
        storage.replace("f/a", b"first")
        storage.replace("f/a", b"second")
        assert storage.get("f/a") == b"second"

    def test_list(self, storage):
        """All files under a folder are listed, sorted, and no others."""
        for path in ("t/b/2", "t/a/1", "u/3"):
            storage.create(path, b"")
        assert storage.list("t") == ["t/a/1", "t/b/2"]
        assert storage.list("none") == []

    def test_missing(self, storage):
        """A missing file raises `FileNotFoundError`, and its deletion does not."""
        with pytest.raises(FileNotFoundError):
            storage.get("a")
        with pytest.raises(FileNotFoundError):
            storage.modified("a")
        assert not storage.exists("a")
        storage.delete("a")

    def test_delete(self, storage):
        """A deleted file is gone."""
        storage.create("a", b"")
        assert storage.exists("a")
        storage.delete("a")
        assert not storage.exists("a")


class TestLocalStorage:
    def test_owner_only(self, tmp_path):
        """Folders that are made can be opened by their owner only."""
        Storage(tmp_path / "x/y", create=True).create("a/b", b"")
        for folder in ("x", "x/y", "x/y/a"):
            assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700

    def test_failure_before_publishing(self, tmp_path, monkeypatch):
        """A write that fails before the file is published leaves no file."""

        def fail(*_):
            raise OSError(28, "No space left on device")

        storage = Storage(tmp_path, create=True)
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(StorageError, match=r"Cannot write .*/t/a`: No space left"):
            storage.create("t/a", b"1")
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    def test_root_is_not_made_again(self, tmp_path):
        """A store whose folder has gone is not begun anew in its place."""
        storage = Storage(tmp_path / "s", create=True)
        (tmp_path / "s").rmdir()
        for write in (storage.create, storage.replace):
            with pytest.raises(
                StorageError, match=r"s/a/b`: there is no folder .*s\.$"
            ):
                write("a/b", b"")
        assert not (tmp_path / "s").exists()

    @pytest.mark.parametrize("place", ["file/store", "file"])
    def test_file_where_a_folder_should_be(self, place, tmp_path):
        """A store on top of a file is refused in one sentence with path and cause."""
        (tmp_path / "file").write_text("")
        with pytest.raises(
            StorageError, match=rf"`.*{place}`: .*file is not a folder\.$"
        ):
            Storage(tmp_path / place, create=True).create("a", b"")

    def test_folder_that_cannot_be_made(self):
        """A folder that the system does not let us make is refused by its path."""
        with pytest.raises(StorageError, match=r"^Cannot open `/proc/x/y`: .*\.$"):
            Storage("/proc/x/y", create=True)

    def test_file_url(self, tmp_path):
        """A file:// URL is the folder it names."""
        Storage(f"file://{tmp_path}/s", create=True).create("a", b"1")
        assert (tmp_path / "s/a").read_bytes() == b"1"

    def test_stays_after_change_of_folder(self, tmp_path, monkeypatch):
        """A relative path is that of the moment of opening."""
        monkeypatch.chdir(tmp_path)
        storage = Storage("s", create=True)
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        storage.create("a", b"1")
        assert (tmp_path / "s/a").exists()


class TestUrls:
    def test_unknown_scheme(self):
        """A URL of no known kind is refused."""
        with pytest.raises(ValueError, match=r"a URL such as .*, got 'foo://x'"):
            Storage("foo://x", create=False)

    def test_password(self):
        """A URL with a password is refused, and the error does not repeat it."""
        with pytest.raises(ValueError, match="must carry no password") as error:
            Storage("s3://key:secret@bucket/x", create=False)
        assert "secret" not in str(error.value)
