import threading
from contextlib import suppress

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

import results
from results import Store, queries
from results.format import schema, segments
from results.format.storage import Storage, StorageError
from results.writing import compaction, merging


FIRST = {"search": "demo", "trial": "t-00000", "attempt": 0, "time_utc": 0}
FACTS = {
    "search": st.just("demo"),
    "trial": st.sampled_from(["t-00000", "t-00001", "t-00002"]),
    "epoch": st.integers(0, 3),
    "driver_epoch": st.integers(1, 3),
    "attempt": st.integers(0, 2),
    "time_utc": st.integers(0, 2**50),
}
OTHERS = {
    "reports": {"labelled_ratio": 1.0, "objective_mm": 9.0},
    "decisions": {"labelled_ratio": 1.0, "rung": 1, "value_mm": 9.0, "rank": 1}
    | {"peers": 1, "action": "stop", "reason": ""},
    "trials": {"number": 0, "event": "ended", "state": "stopped", "reason": ""}
    | {"origin": "random", "labelled_ratio": 1.0, "seed": 0, "label_seed": 0}
    | {"config_json": "{}", "code_version": "", "space": "", "latent_size": 3},
}
"""What a row needs beside `FACTS`."""
ROWS = st.lists(st.fixed_dictionaries(FACTS), max_size=12)


class Meeting(Storage):
    """A storage of the same files that does something at one of its calls."""

    def __init__(self, other, call, act, *, late=False):
        """Acts before or, `late`, after the given call (from 1)."""
        self.__dict__.update(other.__dict__)
        self._calls, self._act, self._late = call, act, late

    @property
    def met(self):
        """Whether that call was reached."""
        return self._calls <= 0

    def _through(self, function, *given):
        self._calls -= 1
        now = self._calls == 0
        if now and not self._late:
            self._act()
        answer = function(*given)
        if now and self._late:
            self._act()
        return answer

    def create(self, path, data):
        """Counted."""
        return self._through(super().create, path, data)

    def get(self, path):
        """Counted."""
        return self._through(super().get, path)

    def modified(self, path):
        """Counted."""
        return self._through(super().modified, path)

    def list(self, folder):
        """Counted."""
        return self._through(super().list, folder)

    def delete(self, path):
        """Counted."""
        return self._through(super().delete, path)


def stop():
    """Ends the process, as far as the code under test can tell."""
    raise InterruptedError


def compacted(store, table="reports", driver_epoch=3, storage=None):
    """Compacts a table of `demo` and gives the path of the new file."""
    return compaction.compact(storage or store.storage, "demo", table, driver_epoch)


def files(store, table="reports"):
    """Names of the files of a table of `demo`."""
    paths = store.storage.list(segments.folder(table, "demo"))
    return [path.rsplit("/", 1)[-1] for path in paths]


def put(store, table, rows):
    """Writes a segment as a driver of the rows' epoch would."""
    columns = schema.schema(table)
    path = segments.path_of(table, "demo", rows[-1]["driver_epoch"], rows[-1]["seq"])
    assert store.storage.create(path, segments.encode(columns, rows))


def full(rows, table="reports"):
    """Rows of a table with the given facts, numbered in order of their epochs."""
    ordered = sorted(rows, key=lambda row: row["driver_epoch"])
    return [OTHERS[table] | row | {"seq": 2 * n} for n, row in enumerate(ordered)]


def header():
    """A header of `demo` for a store that no fixture made."""
    return results.Header(
        name="demo",
        space={},
        base_config={},
        data="synthetic",
        data_settings={},
        data_fingerprint="f" * 64,
        mean_pose_mm={},
        code_version="0.1.0",
        environment={},
        seed=0,
        ratios=(1.0,),
        parameters={"latent_size": "int"},
        rules={},
        trials=4,
        created_utc="2026-11-22T18:00:00+00:00",
    )


def scattered(rows, size, table="reports"):
    """A store with the rows in segments of a size, some of them in two."""
    store = Store.open("memory://", create=True)
    store.create_search(header())
    for driver_epoch in {row["driver_epoch"] for row in rows}:
        own = [row for row in rows if row["driver_epoch"] == driver_epoch]
        for start in range(0, len(own), size):
            put(store, table, own[start : start + size])
        if len(own) > size > 1:
            put(store, table, own[: size - 1])
    return store


def seen(store, table):
    """What the store shows: every row, and the newest of each key."""
    raw = store.rows(table, "demo").to_pylist()
    return sorted(map(identity, raw)), list(
        map(identity, queries.read(store, table).to_pylist())
    )


def identity(row):
    """Which row it is, and a value of it."""
    return row["driver_epoch"], row["seq"], row["attempt"], row["trial"], row["epoch"]


def wanted(rows, table):
    """The same by a dict of rows: each once, and the newest of each key."""
    newest = {}
    for row in rows:
        key = tuple(row[name] for name in schema.TABLES[table].key)
        order = row["driver_epoch"], row["attempt"], row["seq"]
        if key not in newest or order > newest[key][0]:
            newest[key] = order, row
    each = {(row["driver_epoch"], row["seq"]): row for row in rows}
    return (
        sorted(map(identity, each.values())),
        [identity(newest[key][1]) for key in sorted(newest)],
    )


class TestCompact:
    @pytest.mark.parametrize("table", OTHERS)
    @given(rows=ROWS, size=st.integers(1, 6), late=st.booleans())
    @settings(max_examples=6, deadline=None)
    def test_stopped_at_every_call(self, table, rows, size, late):
        """Whatever call ends the process, every row is seen once, and the next ends it.

        Rows are of several epochs and attempts, some in two segments, and groups of
        the file are so small that the rows of a key meet their borders.
        """
        rows, call = full(rows, table), 1
        expected = wanted(rows, table)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(merging, "GROUP_ROWS", 3)
            while True:
                store = scattered(rows, size, table)
                assert seen(store, table) == expected
                storage = Meeting(store.storage, call, stop, late=late)
                with suppress(InterruptedError):
                    compacted(store, table, storage=storage)
                assert seen(store, table) == expected
                compacted(store, table)
                assert seen(store, table) == expected
                assert len(files(store, table)) == bool(rows)
                if not storage.met:
                    break
                call += 1

    @given(rows=ROWS, more=ROWS, size=st.integers(1, 6), late=st.booleans())
    @settings(max_examples=6, deadline=None)
    def test_next_after_a_stop(self, rows, more, size, late):
        """Rows that come after a stopped compaction are folded in with the rest."""
        rows = full([*rows, *({**row, "driver_epoch": 4} for row in more)])
        first = [row for row in rows if row["driver_epoch"] < 4]
        last = [row for row in rows if row["driver_epoch"] == 4]
        call = 1
        while True:
            store = scattered(first, size)
            storage = Meeting(store.storage, call, stop, late=late)
            with suppress(InterruptedError):
                compacted(store, storage=storage)
            for start in range(0, len(last), size):
                put(store, "reports", last[start : start + size])
            assert seen(store, "reports") == wanted(rows, "reports")
            compacted(store, driver_epoch=4)
            assert seen(store, "reports") == wanted(rows, "reports")
            assert len(files(store)) == bool(rows)
            if not storage.met:
                break
            call += 1

    def test_file(self):
        """The file is named after the newest segment, sorted, and anybody reads it."""
        rows = full([FIRST | {"epoch": step, "driver_epoch": 1} for step in (2, 0, 1)])
        store = scattered(rows, 1)
        path = compacted(store)
        assert path == "reports/demo/compact-0000001-000000004.parquet"
        assert files(store) == ["compact-0000001-000000004.parquet"]
        data = store.storage.get(path)
        assert pl.read_parquet(data)["epoch"].to_list() == [0, 1, 2]
        found = pq.ParquetFile(pa.BufferReader(data)).schema_arrow
        assert found.equals(schema.schema("reports"), check_metadata=True)
        assert compacted(store) is None

    def test_many_groups(self):
        """200,000 rows that come in three parts end as one sorted file."""
        store = scattered([], 1)
        for part in range(3):
            numbers = range(part, 200_000, 3)
            one = FIRST | OTHERS["reports"] | {"driver_epoch": 1}
            values = {name: pa.repeat(one[name], len(numbers)) for name in one}
            values["epoch"] = pa.array(numbers)
            start = len(numbers) * part
            values["seq"] = pa.array(range(start, start + len(numbers)))
            target = schema.schema("reports")
            table = segments.fitted(pa.table(values), target)
            path = segments.path_of("reports", "demo", 1, part)
            store.storage.create(path, segments.encode_tables(target, [table]))
            compacted(store)
        assert len(files(store)) == 1
        assert store.rows("reports")["epoch"].to_pylist() == list(range(200_000))

    def test_fenced_in_the_middle(self, make, tmp_path):
        """A driver that is fenced at any call costs its successor no row."""
        met = 0
        for call in range(1, 40):
            store = Store.open(tmp_path / str(call), create=True)
            store.create_search(make.header())
            rows = full(
                [FIRST | {"epoch": step, "driver_epoch": 1} for step in range(6)]
            )
            for row in rows:
                put(store, "reports", [row])

            def succeed(store=store):
                with store.writer("demo") as writer:
                    for step in (3, 7):
                        writer.append("reports", make.report(step))
                        writer.flush()
                compacted(store, driver_epoch=2)

            storage = Meeting(store.storage, call, succeed)
            compacted(store, driver_epoch=1, storage=storage)
            if not storage.met:
                break
            met += 1
            steps = sorted(store.rows("reports")["epoch"].to_pylist())
            assert steps == [0, 1, 2, 3, 3, 4, 5, 7]
            compacted(store, driver_epoch=2)
            assert sorted(store.rows("reports")["epoch"].to_pylist()) == steps
            assert len(files(store)) == 1
        assert met > 10

    def test_late_rows_of_a_fenced_driver(self, make):
        """A name never says less than is stored: higher numbers wait outside."""
        rows = full([FIRST | {"epoch": step, "driver_epoch": 2} for step in range(3)])
        late = FIRST | OTHERS["reports"] | {"driver_epoch": 1, "seq": 50, "epoch": 9}
        store = scattered(rows, 1)
        put(store, "reports", [late])
        compacted(store)
        both = ["compact-0000002-000000004.parquet", "seg-0000001-000000050.parquet"]
        assert files(store) == both
        assert compacted(store) is None
        assert files(store) == both
        with store.writer("demo") as writer:
            assert writer.append("reports", make.report(4)) == 51
        compacted(store)
        assert seen(store, "reports")[0][0][:2] == (1, 50)
        assert len(store.rows("reports")) == 5

    def test_lower_late_rows(self):
        """Rows of a fenced driver that the standing file lacks are not deleted."""
        rows = full([FIRST | {"epoch": step, "driver_epoch": 2} for step in range(3)])
        late = FIRST | OTHERS["reports"] | {"driver_epoch": 1, "seq": 1, "epoch": 9}
        store = scattered(rows, 1)
        compacted(store)
        put(store, "reports", [late])
        compacted(store)
        assert seen(store, "reports") == wanted([*rows, late], "reports")
        more = [FIRST | OTHERS["reports"] | {"driver_epoch": 2, "seq": 9, "epoch": 8}]
        put(store, "reports", more)
        compacted(store)
        assert seen(store, "reports") == wanted([*rows, late, *more], "reports")
        assert len(files(store)) == 1

    def test_later_epochs_are_left_alone(self):
        """Segments of drivers after the given one stay as they are."""
        rows = full([FIRST | {"epoch": e, "driver_epoch": e} for e in (1, 1, 2, 3)])
        store = scattered(rows, 1)
        compacted(store, driver_epoch=1)
        assert [name[:15] for name in files(store)] == [
            "compact-0000001",
            "seg-0000002-000",
            "seg-0000003-000",
        ]

    def test_fenced_before(self, store, make):
        """A driver that is fenced compacts nothing."""
        for step in range(2):
            with store.writer("demo") as writer:
                writer.append("reports", make.report(step))
        before = files(store)
        assert compacted(store, driver_epoch=1) is None
        assert files(store) == before

    @pytest.mark.parametrize("which", [0, 1, 2])
    def test_damaged_segment(self, which):
        """A damaged file stays and is named; the rows of the others are kept."""
        rows = full([FIRST | {"epoch": step, "driver_epoch": 1} for step in range(3)])
        store = scattered(rows, 1)
        path = store.storage.list("reports")[which]
        data = bytearray(store.storage.get(path))
        data[len(data) // 2] ^= 1
        store.storage.replace(path, bytes(data))
        compacted(store)
        with pytest.raises(StorageError, match=f"`{path}` is damaged"):
            store.rows("reports")
        store.storage.delete(path)
        steps = [row["epoch"] for row in rows if row["epoch"] != which]
        assert store.rows("reports")["epoch"].to_pylist() == steps

    def test_column_of_a_newer_version(self):
        """A column that only some files have, and this version lacks, is kept."""
        rows = full([FIRST | {"epoch": step, "driver_epoch": 1} for step in range(2)])
        store = scattered(rows[:1], 1)
        newer = schema.schema("reports").append(pa.field("later", pa.int64()))
        data = segments.encode(newer, [rows[1] | {"later": 7}])
        store.storage.create(segments.path_of("reports", "demo", 1, 2), data)
        compacted(store)
        assert store.rows("reports")["later"].to_pylist() == [None, 7]

    def test_readers_meanwhile(self, tmp_path, make):
        """While segments come and are compacted a reader never sees a row less."""
        store = Store.open(tmp_path, create=True)
        store.create_search(make.header())
        rows = full([FIRST | {"epoch": step, "driver_epoch": 1} for step in range(150)])

        def work():
            for n, row in enumerate(rows):
                put(store, "reports", [row])
                if n % 5 == 4:
                    compacted(store)

        worker = threading.Thread(target=work)
        worker.start()
        counts = [0]
        while worker.is_alive():
            steps = store.rows("reports")["epoch"].to_pylist()
            assert sorted(steps) == list(range(len(steps)))
            counts.append(len(steps))
        worker.join()
        assert counts == sorted(counts)
        assert len(store.rows("reports")) == 150
