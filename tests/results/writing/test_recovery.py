import math
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import results
from results.format import segments
from results.format.local_files import OLD_S, STAGING
from results.writing import compaction, drivers, journal, recovery
from results.writing.journal import Journal


PROJECT = Path(results.__file__).parents[1]


class TestRecover:
    def test_rows_only_in_the_journal(self, store, make):
        """Rows of a driver that died before its flush are there for the next one."""
        code = "import os; w.append('reports', row(5)); os._exit(9)"
        with run_child(store, code) as child:
            assert child.wait() == 9
        assert len(store.rows("reports")) == 0
        with store.writer("demo") as open_writer:
            assert store.rows("reports")["epoch"].to_pylist() == [5]
            assert open_writer.append("reports", make.report(6)) == 1
        assert list((store.storage.root / "journal/demo").iterdir()) == []

    def test_died_between_segment_and_journal(self, store, make, monkeypatch):
        """Rows that are in a segment and still in the journal are stored once."""
        open_writer = store.writer("demo")
        monkeypatch.setattr(open_writer._journal, "empty", lambda: None)
        open_writer.append("reports", make.report(0))
        open_writer.flush()
        open_writer.append("reports", make.report(1))
        store.writer("demo", takeover=True).close()
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 1]

    @pytest.mark.parametrize(
        ("lines", "missing"),
        [
            ((1,), "rows 0 to 1"),
            ((2, 3), "rows 2 to 5"),
            ((4,), "no row before the last sound one, and perhaps rows after them"),
        ],
    )
    def test_damaged_journal(self, lines, missing, store, make):
        """Rows around a damaged line are stored, it is named and kept, and not used."""
        code = (
            "import os\n"
            "for i in range(0, 8, 2): w.append_many([('reports', row(i)),"
            " ('reports', row(i + 1))])\n"
            "os._exit(9)"
        )
        with run_child(store, code) as child:
            assert child.wait() == 9
        path = store.storage.root / "journal/demo/0000001.jsonl"
        found = path.read_bytes().splitlines(keepends=True)
        for number in lines:
            found[number - 1] = found[number - 1].replace(b"t-00000", b"t-00001")
        path.write_bytes(b"".join(found))
        with store.writer("demo") as open_writer:
            (warning,) = open_writer.warnings
            open_writer.append("reports", make.report(99))
        assert warning.startswith(f"`{path}` was damaged in line {lines[0]}")
        assert warning.endswith(f"missing of driver epoch 1: {missing}.")
        rows = store.rows("reports").to_pylist()
        lost = {row for line in lines for row in (2 * line - 2, 2 * line - 1)}
        assert [row["epoch"] for row in rows] == [*sorted(set(range(8)) - lost), 99]
        assert {row["trial"] for row in rows} == {"t-00000"}
        assert path.with_name("0000001.jsonl.damaged").exists()
        assert not path.exists()
        with store.writer("demo") as open_writer:
            assert open_writer.warnings == ()

    def test_damaged_and_stored(self, store, make, monkeypatch):
        """Rows of a damaged line that are in a segment are not said to be missing."""
        open_writer = store.writer("demo")
        monkeypatch.setattr(open_writer._journal, "empty", lambda: None)
        open_writer.append("reports", make.report(0))
        open_writer.append("trials", make.trial())
        open_writer.flush()
        open_writer.append("reports", make.report(1))
        path = store.storage.root / "journal/demo/0000001.jsonl"
        path.write_bytes(path.read_bytes().replace(b"completed", b"c0mpleted"))
        with store.writer("demo", takeover=True) as second:
            (warning,) = second.warnings
        assert "line 2 and is kept" in warning
        assert "missing of driver epoch 1: no row before" in warning
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 1]
        assert len(store.rows("trials")) == 1

    def test_after_a_compaction(self, store, make):
        """Rows in a compact file of a later driver are known to be stored."""
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report(0))
            open_writer.flush()
            path = store.storage.root / "journal/demo/0000001.jsonl"
            open_writer.append("reports", make.report(1))
            kept = path.read_bytes()
        with store.writer("demo") as open_writer:
            open_writer.append("reports", make.report(2))
        compaction.compact_all(store.storage, "demo", 2)
        assert len(store.storage.list("reports/demo")) == 1
        row = store.rows("reports").to_pylist()[1]
        extra = row | {"seq": 7, "epoch": 7, "time_utc": 0}
        other = path.with_name("other")
        Journal(other).append([("reports", extra)])
        path.write_bytes(kept + other.read_bytes())  # as on another machine's disk
        other.unlink()
        store.writer("demo").close()
        found = [row["epoch"] for row in store.rows("reports").to_pylist()]
        assert sorted(found) == [0, 1, 2, 7]
        folder = "reports/demo"
        files = [(path, store.storage.get(path)) for path in store.storage.list(folder)]
        written = [len(segments.decode(path, "reports", data)) for path, data in files]
        assert sorted(written) == [1, 3]

    def test_staged_files(self, store):
        """What a dead process left staged goes once it is old, and not before."""
        folder = store.storage.root / STAGING
        for name, age_s in (("old", OLD_S + 60), ("new", OLD_S - 60)):
            (folder / name).write_text("")
            then = time.time() - age_s
            os.utime(folder / name, (then, then))
        store.writer("demo").close()
        assert [path.name for path in folder.iterdir()] == ["new"]

    def test_empty_journals(self, store):
        """Empty journals of earlier drivers are removed."""
        folder = store.storage.root / "journal/demo"
        store.writer("demo").close()
        (folder / "0000001.jsonl").write_bytes(b"")
        store.writer("demo").close()
        assert list(folder.iterdir()) == []

    def test_journal_of_a_later_driver(self, store, make):
        """A driver that was fenced while it began leaves its successor's journal."""
        assert drivers.take(store.storage, "demo", takeover=False) == 1
        with store.writer("demo", takeover=True) as second:
            second.append("reports", make.report(0))
            recovery.recover(store.storage, "demo", 1)
            path = store.storage.root / "journal/demo/0000002.jsonl"
            assert len(journal.read(path)) == 1

    def test_not_finite(self, store):
        """NaN and infinity come through the journal."""
        code = (
            "import os; w.append_many([('reports', row(i) | {'objective_mm': float(v)})"
            " for i, v in enumerate(['nan', 'inf', '-inf'])]); os._exit(9)"
        )
        with run_child(store, code) as child:
            assert child.wait() == 9
        store.writer("demo").close()
        found = store.rows("reports")["objective_mm"].to_pylist()
        assert math.isnan(found[0])
        assert found[1:] == [math.inf, -math.inf]

    @pytest.mark.parametrize("kind", ["folder", "object store"])
    def test_kill_nine(self, store, kind, tmp_path, monkeypatch):
        """SIGKILL at random moments loses no acknowledged row and doubles none."""
        monkeypatch.setenv("CROSSNETS_SPOOL", str(tmp_path / "spool"))
        opened = run_child if kind == "folder" else run_child_on_a_bucket
        chance, acknowledged = random.Random(0), {}
        code = (
            "for step in range(FIRST, FIRST + 100_000):\n"
            "    print(w.append('reports', row(step)), step, flush=True)"
        )
        for _ in range(5):
            first = max(acknowledged, default=-1) + 1000
            with opened(store, code.replace("FIRST", str(first))) as child:
                lines = [
                    child.stdout.readline() for _ in range(chance.randrange(1, 900))
                ]
                child.kill()
                lines += child.stdout.read().splitlines(keepends=True)
            for line in lines:
                if line.endswith("\n"):
                    seq, step = line.split()
                    acknowledged[int(step)] = int(seq)
        with opened(store, "w.close()") as child:
            assert child.wait() == 0
        assert list(tmp_path.rglob("*.jsonl")) == []
        rows = store.rows("reports").to_pylist()
        stored = {row["epoch"]: row["seq"] for row in rows}
        assert len(stored) == len(rows)
        assert acknowledged.items() <= stored.items()
        assert len(stored) - len(acknowledged) <= 5
        assert len(set(stored.values())) == len(stored)


def run_child_on_a_bucket(store, code):
    """The same; for the process the folder is an object store, by its calls alone."""
    opening = (
        "from obstore.store import LocalStore\n"
        "from results.format.storage import Storage\n"
        "storage = Storage('memory://', create=True)\n"
        "storage._store = LocalStore(sys.argv[1])\n"
        "w = Store(storage).writer('demo')\n"
    )
    return run_child(store, code, opening)


def run_child(store, code, opening="w = Store.open(sys.argv[1]).writer('demo')\n"):
    """A process with a writer `w` and reports `row(step)` that runs the code."""
    start = (
        "import sys; from results import Store\n"
        f"{opening}"
        "def row(step): return dict(attempt=0, trial='t-00000', epoch=step,"
        " labelled_ratio=1.0, objective_mm=float(step))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", start + code, str(store.storage.root)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )
