import json
import math
import os

import pytest

from results import journal
from results.journal import Journal
from results.storage import StorageError


ROWS = [("reports", {"seq": 0, "kl": 0.5}), ("trials", {"seq": 1, "reason": "a\nb ü"})]


@pytest.fixture
def path(tmp_path):
    """Where the journal of a first driver lies."""
    return tmp_path / "journal/demo/0000001.jsonl"


class TestJournal:
    def test_same_rows(self, path):
        """Rows come back in order, with line ends and letters as they were."""
        Journal(path).append(ROWS)
        assert journal.read(path) == ROWS

    def test_not_finite(self, path):
        """NaN and the infinities come back."""
        values = [math.nan, math.inf, -math.inf]
        Journal(path).append([("reports", {"kl": value}) for value in values])
        found = [row["kl"] for _, row in journal.read(path)]
        assert math.isnan(found[0])
        assert found[1:] == values[1:]

    def test_synced(self, path, monkeypatch):
        """`append` syncs the file once, however many rows it was given."""
        writer, synced = Journal(path), []
        monkeypatch.setattr(os, "fsync", synced.append)
        writer.append(ROWS)
        assert len(synced) == 1

    def test_every_torn_tail(self, path):
        """Cut off at any byte, the journal gives exactly the rows it holds whole."""
        Journal(path).append(ROWS)
        data = path.read_bytes()
        ends = [at for at, byte in enumerate(data, start=1) if byte == ord("\n")]
        for keep in range(len(data) + 1):
            path.write_bytes(data[:keep])
            whole = sum(end <= keep for end in ends)
            assert journal.read(path) == ROWS[:whole]

    def test_damaged_line(self, path):
        """A whole line that was changed is named by file and number."""
        Journal(path).append(ROWS)
        path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
        with pytest.raises(
            StorageError, match=r"0000001.jsonl` is damaged: .* line 1 "
        ):
            journal.read(path)

    def test_goes_on_after_a_failed_write(self, path, monkeypatch):
        """What a failed write left behind is gone when the next rows are read."""
        writer, write = Journal(path), os.write
        writer.append(ROWS[:1])

        def tear(handle, data):
            write(handle, data[:7])
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", tear)
            with pytest.raises(
                StorageError, match=r"jsonl`: No space left on device\."
            ):
                writer.append(ROWS[1:])
        assert path.read_bytes().count(b"\n") == 1
        assert journal.read(path) == ROWS[:1]
        writer.append(ROWS[1:])
        assert journal.read(path) == ROWS

    def test_empty(self, path):
        """An emptied journal holds what is appended after, and nothing else."""
        writer = Journal(path)
        writer.append(ROWS[:1])
        writer.empty()
        assert journal.read(path) == []
        writer.append(ROWS[1:])
        assert journal.read(path) == ROWS[1:]

    def test_close(self, path):
        """A closed journal is removed only if no row is left in it."""
        writer = Journal(path)
        writer.append(ROWS)
        writer.close()
        assert journal.read(path) == ROWS
        other = Journal(path.with_name("0000002.jsonl"))
        other.close()
        assert not path.with_name("0000002.jsonl").exists()

    def test_is_plain(self, path):
        """A line is a checksum and JSON: tools can read it without us."""
        Journal(path).append(ROWS)
        line = path.read_text().splitlines()[0]
        assert json.loads(line.split(" ", 1)[1]) == ["reports", {"seq": 0, "kl": 0.5}]

    def test_cannot_be_made(self, tmp_path):
        """A journal in a place that cannot be written is an error of the storage."""
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match=r"^Cannot write `.*`: .*\.$"):
            Journal(tmp_path / "file/demo/1.jsonl")
        with pytest.raises(StorageError, match=r"^Cannot read `.*`: .*\.$"):
            journal.read(tmp_path / "none")
