import os
import subprocess
import sys
from pathlib import Path

import results
from results import queries
from results.format import schema, segments
from results.writing import compaction


PROJECT = Path(results.__file__).parents[1]


def put(store, table, row, seq):
    """Writes a segment of one row of the first driver."""
    assigned = {"search": "demo", "driver_epoch": 1, "seq": seq, "time_utc": 0}
    path = segments.path_of(table, "demo", 1, seq)
    data = segments.encode(schema.schema(table), [assigned | row])
    assert store.storage.create(path, data)


def files(store, table="reports"):
    """Names of the files of a table of `demo`."""
    paths = store.storage.list(segments.folder(table, "demo"))
    return [path.rsplit("/", 1)[-1] for path in paths]


class TestKilled:
    def test_killed_and_recovered(self, store):
        """Killed at any call of a compaction, and recovered: no row misses or doubles."""
        code = (
            "import os, sys; from results import Store\nfrom results.writing import compaction\n"
            "from results.format.storage import Storage\n"
            "class Dying(Storage):\n"
            "    left = None\n"
            "    def count(self):\n"
            "        if self.left is not None:\n"
            "            self.left -= 1\n"
            "            if self.left == 0: os._exit(9)\n"
            "for name in ('create', 'get', 'modified', 'list', 'delete'):\n"
            "    def call(self, *given, _own=getattr(Storage, name)):\n"
            "        self.count(); return _own(self, *given)\n"
            "    setattr(Dying, name, call)\n"
            "s = Store(Dying(sys.argv[1], create=False))\n"
            "w, first = s.writer('demo'), int(sys.argv[3])\n"
            "for step in range(first, first + 4):\n"
            "    print(w.append('reports', dict(attempt=0, trial='t-00000', epoch=step,\n"
            "        labelled_ratio=1.0, objective_mm=1.0)), flush=True)\n"
            "    if step < first + 3: w.flush()\n"
            "w._flush_lock.acquire(); s.storage.left = int(sys.argv[2])\n"
            "compaction.compact_all(s.storage, 'demo', w.driver_epoch)\n"
            "os._exit(7)\n"
        )
        acknowledged, ended, call = [], 9, 1
        while ended == 9:
            run = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    code,
                    str(store.storage.root),
                    str(call),
                    str(len(acknowledged)),
                ],
                capture_output=True,
                text=True,
                env=os.environ | {"PYTHONPATH": str(PROJECT)},
            )
            ended, call = run.returncode, call + 4
            assert ended in (7, 9), run.stderr
            acknowledged += [int(line) for line in run.stdout.split()]
            store.writer("demo").close()
            rows = store.rows("reports")
            assert sorted(rows["seq"].to_pylist()) == acknowledged
            assert sorted(rows["epoch"].to_pylist()) == list(range(len(acknowledged)))
        assert call > 12
        assert any(name.startswith("compact") for name in files(store))


class TestTables:
    def test_due_ones(self, store, make):
        """Of all tables those that are due are compacted, and no other."""
        for seq in range(65):
            put(store, "reports", make.report(seq), seq)
        for seq in range(3):
            put(store, "decisions", make.decision(seq), seq)
        made = compaction.compact_due(store.storage, "demo", 1)
        assert [path.split("/")[0] for path in made] == ["reports"]
        assert len(files(store, "decisions")) == 3
        assert compaction.compact_due(store.storage, "demo", 1) == []

    def test_all(self, store, make):
        """At the end each table is one file, and a second call changes nothing."""
        for _ in range(2):
            with store.writer("demo") as writer:
                writer.append_many(make.rows.items())
        made = compaction.compact_all(store.storage, "demo", 2)
        assert [path.split("/")[0] for path in made] == list(schema.TABLES)
        assert compaction.compact_all(store.storage, "demo", 2) == []
        for table in schema.TABLES:
            assert len(files(store, table)) == 1
            assert len(store.rows(table)) == 2
            assert len(queries.read(store, table)) == 1 + (table == "decisions")
