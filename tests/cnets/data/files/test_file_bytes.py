"""Tests of `cnets.data.files.file_bytes`."""

from pathlib import Path

import pytest

from cnets.data.files import file_bytes


@pytest.mark.parametrize(("most", "wanted"), [(0, b""), (2, b"ab"), (9, b"abc")])
def test_no_more_than_asked_for(tmp_path, most, wanted):
    """The first bytes, and all of a file that is shorter."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert file_bytes.first(path, most) == wanted


@pytest.mark.parametrize("name", ["none", "."])
def test_what_is_no_file_is_refused(tmp_path, name):
    """Nothing, and a folder."""
    with pytest.raises(ValueError, match="must be a file, and is none"):
        file_bytes.first(tmp_path / name, 1)


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    """The sentence has the system's words."""
    path = tmp_path / "a"
    path.touch()

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(ValueError, match=r"a cannot be read: Permission denied\."):
        file_bytes.first(path, 1)
