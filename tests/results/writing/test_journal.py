import json
import math
import os
import zlib

import pytest

from results.format.storage import StorageError
from results.writing import journal
from results.writing.journal import Journal


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
        writer = Journal(path)
        for row in ROWS:
            writer.append([row])
        data = path.read_bytes()
        ends = [at for at, byte in enumerate(data, start=1) if byte == ord("\n")]
        assert len(ends) == 2
        for keep in range(len(data) + 1):
            path.write_bytes(data[:keep])
            whole = sum(end <= keep for end in ends)
            assert journal.read(path) == ROWS[:whole]

    def test_group_stands_or_falls(self, path):
        """Rows given together are all there or none is, wherever the file is cut."""
        Journal(path).append(ROWS)
        data = path.read_bytes()
        for keep in range(len(data)):
            path.write_bytes(data[:keep])
            assert journal.read(path) == []

    @pytest.mark.parametrize("lines", [[*ROWS], [[7, ROWS]]], ids=["row", "number"])
    def test_older(self, path, lines):
        """Journals with a row a line, or with a number before the rows, are read."""
        path.parent.mkdir(parents=True)
        texts = [json.dumps(line).encode() for line in lines]
        path.write_bytes(b"".join(b"%08x %s\n" % (zlib.crc32(x), x) for x in texts))
        assert journal.read(path) == ROWS

    def test_no_rows(self, path):
        """A group of no rows writes nothing."""
        Journal(path).append([])
        assert path.read_bytes() == b""

    def test_damaged_line(self, path):
        """A whole line that was changed is named by file and number."""
        Journal(path).append(ROWS)
        path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
        with pytest.raises(
            StorageError, match=r"0000001.jsonl` is damaged: .* line 1 "
        ):
            journal.read(path)

    def test_every_damage_is_seen(self, path):
        """Whatever byte is changed, the line is named, and no wrong row is given."""
        writer = Journal(path)
        for row in (*ROWS, ROWS[0]):
            writer.append([row])
        data = path.read_bytes()
        right = [*ROWS, ROWS[0]]
        for place in range(len(data)):
            changed = bytearray(data)
            changed[place] ^= 1
            path.write_bytes(changed)
            found = journal.scan(path)
            assert found.damaged
            assert all(row in right for row in found.rows)
            assert len(found.rows) >= 1
        assert found.rows[-1] == right[-1]  # only its end was another byte
        assert not found.is_end_damaged

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

    def test_close_in_another_place(self, path, tmp_path):
        """What lies where the file was is not its own, and stays."""
        writer = Journal(path)
        path.rename(tmp_path / "away")
        path.write_bytes(b"other")
        writer.close()
        assert path.read_bytes() == b"other"

    def test_taken_back(self, path):
        """Rows that are not confirmed once they are on the disk are gone again."""
        writer, seen = Journal(path), []
        writer.append(ROWS[:1])

        def refuse():
            seen.append(journal.read(path))
            raise StorageError("Cannot write: fenced.")

        with pytest.raises(StorageError, match="fenced"):
            writer.append(ROWS, refuse)
        assert seen == [ROWS[:1] + ROWS]
        assert writer.is_torn
        writer.append(ROWS[1:], lambda: None)
        assert journal.read(path) == ROWS
        with pytest.raises(StorageError, match="fenced"):
            writer.append(ROWS, refuse)
        writer.close()
        assert journal.read(path) == ROWS

    def test_is_plain(self, path):
        """A line is a checksum and JSON: tools can read it without us."""
        Journal(path).append(ROWS)
        line = path.read_text().splitlines()[0]
        rows = json.loads(line.split(" ", 1)[1])
        assert rows[0] == ["reports", {"seq": 0, "kl": 0.5}]

    def test_removed(self, path):
        """Rows in a file that was removed are not acknowledged; a new one is made."""
        writer = Journal(path)
        writer.append(ROWS[:1])
        path.unlink()
        with pytest.raises(StorageError, match=r"jsonl`: it was removed\.$"):
            writer.append(ROWS[:1])
        writer.append(ROWS[1:])
        assert journal.read(path) == ROWS[1:]

    def test_handle_of_no_use(self, path, monkeypatch):
        """A handle that fails for good is replaced, and what was there stays."""
        writer, write, stale = Journal(path), os.write, set()
        writer.append(ROWS[:1])
        stale.add(writer._handle)
        cut = os.ftruncate

        def fail(handle, what, act):
            if handle in stale:
                raise OSError(116, "Stale file handle")
            return act(handle, what)

        monkeypatch.setattr(os, "write", lambda h, d: fail(h, d, write))
        monkeypatch.setattr(os, "ftruncate", lambda h, n: fail(h, n, cut))
        with pytest.raises(StorageError, match="Stale file handle"):
            writer.append(ROWS[1:])
        path.write_bytes(path.read_bytes() + b"torn")
        monkeypatch.setattr(os, "close", stale.discard)
        writer.append(ROWS[1:])
        assert journal.read(path) == ROWS

    def test_cannot_be_made(self, tmp_path):
        """A journal in a place that cannot be written is an error of the storage."""
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match=r"^Cannot write `.*`: .*\.$"):
            Journal(tmp_path / "file/demo/1.jsonl")
        with pytest.raises(StorageError, match=r"^Cannot read `.*`: .*\.$"):
            journal.read(tmp_path / "none")
