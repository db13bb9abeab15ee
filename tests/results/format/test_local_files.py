import os
import time
from pathlib import Path

import pytest

from results.format import local_files
from results.format.local_files import OLD_S, STAGING
from results.format.storage import Storage


class TestPublish:
    def test_nothing_is_left_staged(self, tmp_path):
        """Neither a written file nor a refused one leaves a staged file behind."""
        storage = Storage(tmp_path, create=True)
        storage.create("a", b"1")
        storage.create("a", b"2")
        assert list((tmp_path / STAGING).iterdir()) == []

    def test_durable_before_visible(self, tmp_path, monkeypatch):
        """The content is synced before the name exists, and the name after it."""
        storage = Storage(tmp_path, create=True)
        storage.create("t/first", b"")
        done, sync, link = [], os.fsync, os.link
        monkeypatch.setattr(os, "fsync", lambda fd: (done.append("sync"), sync(fd)))
        monkeypatch.setattr(os, "link", lambda a, b: (done.append("link"), link(a, b)))
        storage.create("t/second", b"1")
        assert done == ["sync", "link", "sync"]

    def test_folder_made_by_another(self, tmp_path, monkeypatch):
        """A folder that another process makes at the same moment is no error."""
        storage, is_dir = Storage(tmp_path, create=True), Path.is_dir
        (tmp_path / "t").mkdir()
        asked = []

        def not_at_first(path):
            asked.append(path.name)
            return is_dir(path) and (path.name != "t" or asked.count("t") > 1)

        monkeypatch.setattr(Path, "is_dir", not_at_first)
        assert storage.create("t/a", b"1")

    def test_an_existing_file_stays(self, tmp_path):
        """A taken name gives False, and the file keeps its content."""
        target = tmp_path / "t" / "a"
        assert local_files.publish(tmp_path, target, b"first")
        assert not local_files.publish(tmp_path, target, b"second")
        assert target.read_bytes() == b"first"


class TestReplace:
    def test_an_existing_file_goes(self, tmp_path):
        """The new content stands where the old one stood, and nothing is staged."""
        for data in (b"first", b"second"):
            local_files.replace(tmp_path, tmp_path / "t" / "a", data)
        assert (tmp_path / "t" / "a").read_bytes() == b"second"
        assert list((tmp_path / STAGING).iterdir()) == []

    def test_root_must_be_there(self, tmp_path):
        """A root that has gone is named, and not made again."""
        root = tmp_path / "gone"
        with pytest.raises(NotADirectoryError, match=r"there is no folder .*gone"):
            local_files.replace(root, root / "a", b"")
        assert not root.exists()


class TestSweep:
    def test_only_old_files_go(self, tmp_path):
        """Of staged files those older than `OLD_S` are removed, and no other file."""
        (tmp_path / STAGING).mkdir()
        paths = [tmp_path / STAGING / name for name in ("old", "new")]
        paths.append(tmp_path / "old-but-published")
        for path, age_s in zip(
            paths, (OLD_S + 60, OLD_S - 60, OLD_S + 60), strict=True
        ):
            path.write_bytes(b"")
            os.utime(path, (time.time() - age_s,) * 2)
        local_files.sweep(tmp_path)
        assert [path.exists() for path in paths] == [False, True, True]


def test_a_file_is_no_folder(tmp_path):
    """A folder cannot be made below a file, which is named."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError, match="file is not a folder"):
        local_files.make_folders(tmp_path / "file" / "below")
