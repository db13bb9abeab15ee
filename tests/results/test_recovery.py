import math
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import results
from results.storage import StorageError


PROJECT = Path(results.__file__).parents[1]


class TestRecover:
    def test_rows_only_in_the_journal(self, store, make):
        """Rows of a driver that died before its flush are there for the next one."""
        code = "import os; w.append('reports', row(5)); os._exit(9)"
        with run_child(store, code) as child:
            assert child.wait() == 9
        assert len(store.rows("reports")) == 0
        with store.writer("demo") as open_writer:
            assert store.rows("reports")["step"].to_pylist() == [5]
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
        assert sorted(store.rows("reports")["step"].to_pylist()) == [0, 1]

    def test_damaged_journal(self, store):
        """A damaged journal stops the next driver, is named, and stays as it is."""
        code = "import os; w.append('reports', row(5)); os._exit(9)"
        with run_child(store, code) as child:
            assert child.wait() == 9
        path = store.storage.root / "journal/demo/0000001.jsonl"
        data = path.read_bytes().replace(b"t-00000", b"t-00001")
        path.write_bytes(data)
        with pytest.raises(StorageError, match=r"0000001.jsonl` is damaged"):
            store.writer("demo")
        assert path.read_bytes() == data
        assert store.driver("demo") is None

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

    def test_kill_nine(self, store):
        """SIGKILL at random moments loses no acknowledged row and doubles none."""
        chance, acknowledged = random.Random(0), {}
        code = (
            "for step in range(FIRST, FIRST + 100_000):\n"
            "    print(w.append('reports', row(step)), step, flush=True)"
        )
        for _ in range(5):
            first = max(acknowledged, default=-1) + 1000
            with run_child(store, code.replace("FIRST", str(first))) as child:
                lines = [
                    child.stdout.readline() for _ in range(chance.randrange(1, 900))
                ]
                child.kill()
                lines += child.stdout.read().splitlines(keepends=True)
            for line in lines:
                if line.endswith("\n"):
                    seq, step = line.split()
                    acknowledged[int(step)] = int(seq)
        store.writer("demo").close()
        rows = store.rows("reports").to_pylist()
        stored = {row["step"]: row["seq"] for row in rows}
        assert len(stored) == len(rows)
        assert acknowledged.items() <= stored.items()
        assert len(stored) - len(acknowledged) <= 5
        assert len(set(stored.values())) == len(stored)


def run_child(store, code):
    """A process with a writer `w` and reports `row(step)` that runs the code."""
    start = (
        "import sys; from results import Store\n"
        "w = Store.open(sys.argv[1]).writer('demo')\n"
        "def row(step): return dict(attempt=0, trial='t-00000', step=step,"
        " labelled_ratio=1.0, objective_mm=float(step))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", start + code, str(store.storage.root)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )
