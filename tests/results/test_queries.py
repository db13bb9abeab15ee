import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pytest
from hypothesis import given, settings, strategies as st

import results
from results import Store, queries
from results.format import parameter_rows, records, schema, segments
from results.format.storage import StorageError


PROJECT = Path(results.__file__).parents[1]
KEYS = st.fixed_dictionaries(
    {
        "search": st.sampled_from(["demo", "demo2"]),
        "trial": st.sampled_from(["t-00000", "t-00001"]),
        "epoch": st.integers(0, 2),
        "driver_epoch": st.integers(1, 3),
        "attempt": st.integers(0, 2),
        "time_utc": st.integers(0, 2**50),
        "objective_mm": st.floats(allow_nan=False),
    }
)


def names(table):
    """The trials of a table, in its order."""
    return table["trial"].to_pylist()


class TestRead:
    @given(st.lists(KEYS, max_size=30), st.integers(1, 5))
    @settings(max_examples=60, deadline=None)
    def test_against_a_naive_oracle(self, rows, size):
        """Of each key the row with the highest (driver_epoch, attempt, seq) is left."""
        store = Store.open("memory://", create=True)
        full = [row | {"labelled_ratio": 1.0, "seq": n} for n, row in enumerate(rows)]
        for start in range(0, len(full), size):
            data = segments.encode(schema.schema("reports"), full[start : start + size])
            path = segments.path_of("reports", "demo", 1, start)
            assert store.storage.create(path, data)
        newest = {}
        for row in full:
            key = row["search"], row["trial"], row["epoch"]
            order = row["driver_epoch"], row["attempt"], row["seq"]
            if key not in newest or order > newest[key][0]:
                newest[key] = order, row["objective_mm"]
        found = queries.read(store, "reports").to_pylist()
        keys = [(row["search"], row["trial"], row["epoch"]) for row in found]
        assert keys == sorted(newest)
        assert [row["objective_mm"] for row in found] == [newest[k][1] for k in keys]

    @pytest.mark.parametrize("table", schema.TABLES)
    def test_keeps_types(self, table, store, make):
        """The rows have the columns and types of the schema, and its UTC."""
        with store.writer("demo") as writer:
            writer.append(table, make.rows[table])
        found = queries.read(store, table)
        columns = schema.schema(table)
        assert found.schema.names == columns.names
        for field in columns:
            if not pa.types.is_list(field.type):
                assert found.schema.field(field.name).type == field.type

    def test_one_search(self, store, make):
        """With a search only its rows are read."""
        store.create_search(make.header(name="other"))
        with store.writer("other") as writer:
            writer.append("reports", make.report())
        assert len(queries.read(store, "reports", "demo")) == 0
        assert len(queries.read(store, "reports", "other")) == 1

    def test_decisions_of_one_step(self, store, make):
        """Two decisions about one trial at one step are both kept."""
        with store.writer("demo") as writer:
            for _ in range(2):
                writer.append("decisions", make.decision())
        assert len(queries.read(store, "decisions")) == 2


class TestWide:
    def test_by_hand(self, store, make):
        """A column a parameter under its dotted name; what a trial lacks is null."""
        store.create_search(make.header(name="other"))
        for search, space in {
            "demo": {"a.b": 0.5, "latent_size": 20, "odd \"name'": True},
            "other": {"c": "x", "latent_size": 30},
        }.items():
            with store.writer(search) as writer:
                writer.append("trials", make.trial())
                for row in parameter_rows.rows(space):
                    writer.append("parameters", make.parameter(**row))
        table = queries.wide(store)
        assert [field.name for field in table.schema][-4:] == [
            "a.b",
            "c",
            "latent_size",
            "odd \"name'",
        ]
        rows = table.select(table.schema.names[-4:]).to_pylist()
        assert [tuple(row.values()) for row in rows] == [
            (0.5, None, 20, True),
            (None, "x", 30, None),
        ]
        assert table.schema.field("latent_size").type == pa.int64()
        sql = "SELECT \"a.b\" AS kl FROM trials_wide WHERE search = 'demo'"
        assert queries.query(store, sql).to_pylist() == [{"kl": 0.5}]

    def test_kinds_that_differ(self, store, make):
        """Whole and real together are real, anything with a text is text."""
        cells = {"a.b": [3, 0.5], "mixed": [0.5, "x"]}
        with store.writer("demo") as writer:
            for place in (0, 1):
                writer.append("trials", make.trial(place))
                space = {name: values[place] for name, values in cells.items()}
                for row in parameter_rows.rows(space):
                    named = make.parameter(trial=f"t-{place:05d}", **row)
                    writer.append("parameters", named)
        table = queries.wide(store)
        assert table["a.b"].to_pylist() == [3.0, 0.5]
        assert table["mixed"].to_pylist() == ["0.5", "x"]

    def test_without_trials(self, store):
        """An empty search has the columns of `trials` and no row."""
        assert queries.wide(store, "demo").schema.names == schema.schema("trials").names


class TestBest:
    def test_each_ratio(self, trials):
        """The smallest error of each ratio, by ratio."""
        table = trials(
            {"number": 0, "labelled_ratio": 1.0, "objective_mm": 12.0},
            {"number": 1, "labelled_ratio": 0.1, "objective_mm": 30.0},
            {"number": 2, "labelled_ratio": 1.0, "objective_mm": 11.0},
            {"number": 3, "labelled_ratio": 0.1, "objective_mm": 31.0},
        )
        assert names(queries.best(table)) == ["t-00001", "t-00002"]

    def test_all_together(self, trials):
        """Without `per` the trials of all ratios are ranked together."""
        table = trials(
            {"number": 0, "labelled_ratio": 1.0, "objective_mm": 12.0},
            {"number": 1, "labelled_ratio": 0.1, "objective_mm": 11.0},
        )
        found = queries.best(table, per=None, top=5)
        assert names(found) == ["t-00001", "t-00000"]
        assert found["rank"].to_pylist() == [1, 2]

    def test_top(self, trials):
        """`top` gives so many of each ratio, ranked from 1; equals by number."""
        table = trials(*({"number": n, "objective_mm": 9.0 - n // 2} for n in range(6)))
        found = queries.best(table, top=3)
        assert names(found) == ["t-00004", "t-00005", "t-00002"]
        assert found["rank"].to_pylist() == [1, 2, 3]

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
    @pytest.mark.parametrize("state", ["completed", "diverged", "running"])
    def test_not_finite_never_wins(self, value, state, trials):
        """A trial without a finite error is not among the best, whatever its state."""
        table = trials(
            {"number": 0, "state": state, "objective_mm": value},
            {"number": 1, "objective_mm": 50.0},
        )
        assert names(queries.best(table, top=9)) == ["t-00001"]

    @pytest.mark.parametrize("state", ["running", "paused", "stopped", "cancelled"])
    def test_those_that_came_far_count(self, state, trials):
        """Half as far as the furthest is far; a smaller error before that is none."""
        table = trials(
            {"number": 0, "epoch": 9, "objective_mm": 50.0},
            {"number": 1, "state": state, "epoch": 5, "objective_mm": 40.0},
            {"number": 2, "state": state, "epoch": 4, "objective_mm": 1.0},
            {"number": 3, "state": state, "epoch": None, "objective_mm": 2.0},
        )
        assert names(queries.best(table, top=9)) == ["t-00001", "t-00000"]

    @pytest.mark.parametrize("state", ["crashed", "diverged", "collapsed", "pending"])
    def test_failed_trials(self, state, trials):
        """A trial that failed or has not begun is never best, also when alone."""
        table = trials({"state": state, "objective_mm": 1.0})
        found = queries.best(table)
        assert len(found) == 0
        assert found.schema.names == [*table.schema.names, "rank"]

    def test_any_column(self, trials):
        """`per` may be any column, also one whose name SQL would misread."""
        table = trials(*({"number": n, "objective_mm": 9.0 - n} for n in range(4)))
        table = table.append_column('a" b', pa.array([1, 1, None, 2]))
        found = queries.best(table, per='a" b')
        assert names(found) == ["t-00002", "t-00001", "t-00003"]

    def test_refusals(self, trials):
        """An unknown column and a `top` below 1 are refused."""
        table = trials({})
        with pytest.raises(ValueError, match=r"`per` must be one of .*, got 'ratio'"):
            queries.best(table, per="ratio")
        with pytest.raises(ValueError, match="`top` must be 1 or more, got 0"):
            queries.best(table, top=0)


class TestQuery:
    def test_answer(self, store, trials):
        """A SELECT over the views gives its answer as Arrow."""
        trials({"number": 0, "state": "running"})
        trials({"number": 0, "state": "completed"})
        found = queries.query(store, "SELECT trial, state FROM trials")
        assert found.to_pylist() == [{"trial": "t-00000", "state": "completed"}]
        events = queries.query(store, "SELECT state FROM trial_events ORDER BY seq")
        assert events["state"].to_pylist() == ["running", "completed"]

    def test_empty_store(self, tmp_path):
        """Before the first search all views are there and empty."""
        store = Store.open(tmp_path, create=True)
        for view in (*schema.TABLES, "trial_events"):
            assert len(queries.query(store, f"SELECT * FROM {view}")) == 0

    def test_time_in_utc(self, store, trials):
        """Times are told in UTC, whatever the zone of the machine."""
        trials({})
        found = queries.query(store, "SELECT current_setting('TimeZone') AS zone")
        assert found.to_pylist() == [{"zone": "UTC"}]

    @pytest.mark.parametrize(
        ("sql", "said"),
        [
            ("SELECT nope FROM trials", "DuckDB says: Binder Error: .*nope"),
            ("SELEC 1", "DuckDB says: Parser Error"),
            ("SELECT * FROM nope", "DuckDB says: Catalog Error"),
            ("", "one SELECT statement, got 0"),
            ("SELECT 1; SELECT 2", "one SELECT statement, got 2 of SELECT, SELECT"),
            ("CREATE TABLE x (a INT)", "one SELECT statement, got 1 of CREATE"),
            ("DROP VIEW trials", "one SELECT statement, got 1 of DROP"),
            ("SET threads = 1", "one SELECT statement, got 1 of SET"),
            ("PRAGMA database_list", "one SELECT statement, got 1 of PRAGMA"),
        ],
    )
    def test_refused(self, sql, said, store):
        """What is not one valid SELECT is refused in one sentence of one line."""
        with pytest.raises(ValueError, match=said) as error:
            queries.query(store, sql)
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM read_blob('{root}/store.json')",
            "SELECT * FROM read_parquet('{root}/trials/*/*.parquet')",
            "SELECT * FROM glob('/etc/*')",
            "SELECT * FROM query('FROM read_text(''/etc/passwd'')')",
            "SELECT * FROM 'https://example.org/x.parquet'",
            "SELECT * FROM read_text('https://example.org/x')",
            "SELECT getenv('HOME')",
            "SELECT * FROM secret",
            "SELECT * FROM duckdb_secrets()",
            "SELECT * FROM arrow_scan(NULL, NULL, NULL)",
            "COPY (SELECT 1) TO '{root}/planted.csv'",
            "COPY trials FROM '/etc/passwd'",
            "EXPORT DATABASE '{root}/planted'",
            "ATTACH '{root}/planted.db'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SELECT 1; COPY (SELECT 1) TO '{root}/planted.csv'",
        ],
    )
    @pytest.mark.parametrize("door", ["query", "connect"])
    def test_hostile(self, door, sql, store, trials):
        """No SQL reads a file, an address or a variable of ours, or writes a file."""
        trials({})
        secret = pa.table({"a": [1]})
        root = store.storage.root
        before = sorted(root.rglob("*"))
        text = sql.replace("{root}", str(root))
        if door == "query":
            with pytest.raises(ValueError, match=r"^`sql` must be"):
                queries.query(store, text)
        else:
            with (
                queries.connect(store) as connection,
                pytest.raises(duckdb.Error),
            ):
                connection.execute(text).fetchall()
        assert len(secret) == 1
        assert sorted(root.rglob("*")) == before

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("autoinstall_known_extensions", False),
            ("autoload_known_extensions", False),
            ("enable_external_access", False),
            ("temp_directory", ""),
        ],
    )
    def test_locked(self, name, value, store):
        """What shuts DuckDB off is set, and no statement sets it back."""
        with queries.connect(store) as connection:
            found = connection.execute(f"SELECT current_setting('{name}')").fetchone()
            assert found == (value,)
            for other in (f"SET {name} = true", "SET threads = 1"):
                with pytest.raises(duckdb.Error, match=r"locked|[Cc]annot"):
                    connection.execute(other)

    def test_damaged_file(self, store, trials):
        """A damaged file is named, and no answer is given without it."""
        trials({})
        path = segments.path_of("trials", "demo", 1, 0)
        file = store.storage.root / path
        file.write_bytes(file.read_bytes()[:-9])
        with pytest.raises(StorageError, match=f"`{path}` is damaged"):
            queries.query(store, "SELECT 1")

    def test_while_another_process_writes(self, store):
        """A reader sees whole rows only, and never fewer than a moment before."""
        code = (
            "import sys; from results import Store\n"
            "w = Store.open(sys.argv[1]).writer('demo')\n"
            "for step in range(10_000):\n"
            "    w.append('reports', dict(attempt=0, trial='t-00000', epoch=step,\n"
            "        labelled_ratio=1.0, objective_mm=float(step)))\n"
            "    if step % 5 == 0: w.flush()\n"
            "    if step == 0: print('ready', flush=True)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, str(store.storage.root)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
        ) as child:
            child.stdout.readline()
            counts = []
            for _ in range(10):
                table = queries.query(store, "SELECT epoch, objective_mm FROM reports")
                counts.append(len(table))
                assert table["epoch"].cast("double") == table["objective_mm"]
            child.kill()
        assert counts == sorted(counts)
        assert counts[-1] > counts[0] > 0


class TestProgress:
    def test_by_hand(self, store, make):
        """States, best trials and rungs of a small search are those written."""
        with store.writer("demo") as writer:
            writer.append("trials", make.trial(0, labelled_ratio=0.1, state="running"))
            writer.append("trials", make.trial(0, labelled_ratio=0.1))
            writer.append("trials", make.trial(1, state="stopped"))
            writer.append("trials", make.trial(2, state="diverged"))
            for trial, step, action in [
                ("t-00000", 3, "continue"),
                ("t-00000", 9, "stop"),
                ("t-00001", 3, "stop"),
                ("t-00001", 3, "stop"),
            ]:
                row = make.decision(step, trial=trial, action=action)
                writer.append("decisions", row)
            writer.flush()
            found = queries.progress(store, "demo")
        assert found.states == {"completed": 1, "stopped": 1, "diverged": 1}
        assert names(found.best) == ["t-00000", "t-00001"]
        assert found.rungs == (
            queries.Rung(labelled_ratio=1.0, rung=3, reached=2, stopped=1),
            queries.Rung(labelled_ratio=1.0, rung=9, reached=1, stopped=1),
        )
        assert found.driver.startswith(f"process {os.getpid()} on ")
        assert queries.progress(store, "demo").driver is None

    def test_driver_of_another_host(self, store):
        """Nobody here can ask it, so it is told when it was heard of last."""
        said = {"host": "far", "pid": 7, "started": None, "time_utc": ""}
        store.storage.create("drivers/demo/0000001.json", records.encode(said))
        os.utime(store.storage.root / "drivers/demo/0000001.json", (60, 60))
        assert queries.progress(store, "demo").driver == (
            "process 7 on far, last heard of at 1970-01-01T00:01:00+00:00"
        )

    def test_unknown_search(self, store):
        """A search that is not there is refused."""
        with pytest.raises(
            ValueError, match=r"one of demo in the store .*, got 'nope'"
        ):
            queries.progress(store, "nope")


def test_ctrl_c_ends_a_question_without_end(store):
    """A signal ends it, though DuckDB would go on for years."""
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            queries.query(
                store, "SELECT count(*) FROM range(10000000000000) t(i) WHERE i % 7 = 3"
            )
    finally:
        timer.cancel()
