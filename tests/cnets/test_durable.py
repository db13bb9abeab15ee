"""Tests of `cnets.durable`: what is synced, and that the content is there."""

import os

import pytest

from cnets import durable


@pytest.fixture
def synced(monkeypatch) -> list[int]:
    """Inodes that were synced, in order."""
    seen, sync = [], os.fsync

    def watch(entry: int) -> None:
        seen.append(os.fstat(entry).st_ino)
        sync(entry)

    monkeypatch.setattr(os, "fsync", watch)
    return seen


def test_a_file_is_synced_whole(tmp_path, synced):
    """All bytes are written before the sync, and a longer file is replaced."""
    path = tmp_path / "a"
    path.write_bytes(b"longer than the new one")
    durable.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert synced == [path.stat().st_ino]


def test_a_folder_is_synced(tmp_path, synced):
    """Not what lies in it, but its own entry."""
    (tmp_path / "a").touch()
    durable.sync(tmp_path)
    assert synced == [tmp_path.stat().st_ino]


@pytest.mark.parametrize("call", [durable.sync, lambda path: durable.write(path, b"")])
def test_what_fails_is_told(tmp_path, call):
    """A folder that is not there."""
    with pytest.raises(OSError, match="No such file"):
        call(tmp_path / "none" / "a")
