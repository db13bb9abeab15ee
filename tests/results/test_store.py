import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import results
from results import Header, Store
from results.format import records, schema, segments
from results.format.schema import SchemaMismatch
from results.format.storage import Storage, StorageError
from results.writing import compaction


PROJECT = Path(results.__file__).parents[1]


class TestOpen:
    def test_create(self, tmp_path):
        """A new store says its format and version; opening it again changes nothing."""
        Store.open(tmp_path / "s", create=True)
        before = (tmp_path / "s/store.json").read_bytes()
        assert json.loads(before)["record"]["version"] == schema.VERSION
        Store.open(tmp_path / "s", create=True)
        Store.open(tmp_path / "s")
        assert (tmp_path / "s/store.json").read_bytes() == before

    def test_it_is_shown_with_its_place(self, tmp_path):
        """At a prompt and in a notebook, an address in memory would say nothing."""
        store = Store.open(tmp_path / "s", create=True)
        assert repr(store) == f"Store({str(tmp_path / 's')!r})"

    def test_missing(self, tmp_path):
        """A folder that is not there is refused, and not made."""
        with pytest.raises(ValueError, match=r"`store` must be .* does not exist"):
            Store.open(tmp_path / "s")
        assert not (tmp_path / "s").exists()

    def test_no_store(self, tmp_path):
        """A folder that is no store is refused."""
        with pytest.raises(
            ValueError, match=r"`store` must be a store, got .*no store"
        ):
            Store.open(tmp_path)

    def test_newer(self, tmp_path):
        """A store of a newer major version is refused with what to do."""
        said = {"format": "crossnets-store", "version": "3.0"}
        (tmp_path / "store.json").write_bytes(records.encode(said))
        with pytest.raises(SchemaMismatch, match=r"got 3\.0: install a newer"):
            Store.open(tmp_path)

    def test_other_format(self, tmp_path):
        """A `store.json` of something else is refused."""
        (tmp_path / "store.json").write_bytes(records.encode({"format": "x"}))
        with pytest.raises(SchemaMismatch, match="must be of a crossnets-store"):
            Store.open(tmp_path)

    def test_damaged(self, tmp_path):
        """A damaged `store.json` is named."""
        (tmp_path / "store.json").write_text("{")
        with pytest.raises(StorageError, match=r"`store.json` is damaged"):
            Store.open(tmp_path)

    def test_cannot_be_written(self, tmp_path):
        """A store where a file stands is refused in a sentence."""
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match=r"Cannot open .* is not a folder"):
            Store.open(tmp_path / "file/store", create=True)


class TestSearches:
    def test_header(self, store, make):
        """The header of a search comes back as it was given."""
        made = make.header(name="other", ratios=(0.02, 0.5), space={"a": [1, None]})
        store.create_search(made)
        assert store.header("other") == made
        assert store.searches() == ["demo", "other"]

    def test_taken(self, store, make):
        """A second search of one name is refused, and the first header stays."""
        with pytest.raises(ValueError, match="must be new, and `demo` exists already"):
            store.create_search(make.header(seed=9))
        assert store.header("demo").seed == 0

    def test_unknown(self, store):
        """An unknown search is refused with the known ones, and nothing is made."""
        with pytest.raises(
            ValueError, match=r"one of demo in the store .*, got 'nope'"
        ):
            store.header("nope")
        with pytest.raises(
            ValueError, match=r"one of demo in the store .*, got 'nope'"
        ):
            store.writer("nope")
        assert store.storage.list("drivers") == []

    @pytest.mark.parametrize("name", ["../x", "A", ""])
    def test_bad_name(self, name, store, make):
        """A name that could lead elsewhere is refused wherever one is given."""
        for call in (store.header, store.writer, store.driver):
            with pytest.raises(ValueError, match="`search` must be 1 to 64 small"):
                call(name)
        with pytest.raises(ValueError, match="`name` must be 1 to 64 small"):
            make.header(name=name)

    def test_newer_header(self, store):
        """A header of a newer major version is refused."""
        record = records.decode("x", store.storage.get("searches/demo.json"))
        data = records.encode(record | {"schema_version": "3.0"})
        with pytest.raises(SchemaMismatch, match="install a newer"):
            Header.from_bytes("x", data)

    def test_header_of_newer_minor_version(self, store):
        """An entry that this version does not know is passed over."""
        record = records.decode("x", store.storage.get("searches/demo.json"))
        data = records.encode(record | {"schema_version": "2.9", "new": 1})
        found = Header.from_bytes("x", data)
        assert dataclasses.replace(
            found, schema_version=schema.VERSION
        ) == store.header("demo")

    def test_header_without_a_fact(self, store):
        """A header that lacks an entry is named as damaged."""
        record = records.decode("x", store.storage.get("searches/demo.json"))
        del record["seed"]
        with pytest.raises(StorageError, match="`x` is damaged: it lacks 'seed'"):
            Header.from_bytes("x", records.encode(record))

    def test_bad_parameters(self, make):
        """Parameters that cannot be columns are refused before anything is stored."""
        with pytest.raises(ValueError, match="must be one of float, int"):
            make.header(parameters={"a": "real"})

    def test_racing_creates(self, store):
        """Of four processes that create 100 searches at once each has one winner."""
        code = (
            "import sys, dataclasses\n"
            "from results import Store\n"
            "s = Store.open(sys.argv[1]); h = s.header('demo'); won = 0\n"
            "print('ready', flush=True); input()\n"
            "for n in range(100):\n"
            "    try: s.create_search(dataclasses.replace(h, name=f'race-{n}'))\n"
            "    except ValueError: continue\n"
            "    won += 1\n"
            "print(won)\n"
        )
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(store.storage.root)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONPATH": str(PROJECT)},
            )
            for _ in range(4)
        ]
        assert [run.stdout.readline() for run in runs] == ["ready\n"] * 4
        for run in runs:
            run.stdin.write("\n")
            run.stdin.flush()
        won = [int(run.communicate()[0]) for run in runs]
        assert sum(won) == 100
        assert len(store.searches()) == 101


class TestDriver:
    def test_alive_while_open(self, store):
        """A search has a driver from the writer's opening to its closing."""
        assert store.driver("demo") is None
        with store.writer("demo"):
            assert store.driver("demo").pid == os.getpid()
        assert store.driver("demo") is None


class TestRows:
    @pytest.mark.parametrize("table", schema.TABLES)
    def test_nothing_there(self, table, store):
        """Before the first row a table is empty and has all of its columns."""
        rows = store.rows(table)
        columns = schema.schema(table)
        assert len(rows) == 0
        assert rows.schema.equals(columns)

    def test_one_search_or_all(self, store, make):
        """The rows of one search are its own, and without a search all are given."""
        store.create_search(make.header(name="demo2"))
        for search in ("demo", "demo2"):
            with store.writer(search) as writer:
                writer.append("reports", make.report())
        assert store.rows("reports", "demo")["search"].to_pylist() == ["demo"]
        assert len(store.rows("reports")) == 2

    def test_unknown_table(self, store):
        """A table that is not known is refused."""
        with pytest.raises(ValueError, match=r"`table` must be one of .*, got 'x'"):
            store.rows("x")

    def test_damaged_segment(self, store, make):
        """One flipped bit, and reading names the file and gives no row."""
        with store.writer("demo") as writer:
            writer.append("reports", make.report())
        path = segments.path_of("reports", "demo", 1, 0)
        file = store.storage.root / path
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 4
        file.write_bytes(data)
        with pytest.raises(StorageError, match=f"`{path}` is damaged"):
            store.rows("reports")

    def test_compacted_while_reading(self, store, make, monkeypatch):
        """A file that goes between listing and reading is looked for anew."""
        for step in range(2):
            with store.writer("demo") as writer:
                writer.append("reports", make.report(step))
        old = store.storage.list("reports")
        get = Storage.get

        def compact_first(storage, path):
            if path == old[1] and storage.exists(path):
                parts = [
                    segments.decode(one, "reports", get(storage, one)) for one in old
                ]
                rows = pa.concat_tables(parts).to_pylist()
                for row in rows:
                    row["time_utc"] = int(row["time_utc"].timestamp() * 1e6)
                data = segments.encode(schema.schema("reports"), rows)
                storage.create(old[1].replace("seg-", "compact-"), data)
                for one in old:
                    storage.delete(one)
            return get(storage, path)

        monkeypatch.setattr(Storage, "get", compact_first)
        assert sorted(store.rows("reports")["epoch"].to_pylist()) == [0, 1]

    def test_rows_in_two_files(self, store, make):
        """A row that stands in two files is given once, and every other one too."""
        assigned = {"search": "demo", "time_utc": 0}
        for driver_epoch, seqs in ((1, (0, 1, 2)), (1, (1, 2, 3)), (2, (3,))):
            rows = [
                make.report(seq) | assigned | {"driver_epoch": driver_epoch, "seq": seq}
                for seq in seqs
            ]
            data = segments.encode(schema.schema("reports"), rows)
            path = segments.path_of("reports", "demo", driver_epoch, seqs[-1])
            assert store.storage.create(path, data)
        found = store.rows("reports").select(["driver_epoch", "seq"]).to_pylist()
        seen = sorted((row["driver_epoch"], row["seq"]) for row in found)
        assert seen == [(1, 0), (1, 1), (1, 2), (1, 3), (2, 3)]

    def test_compacted_while_listing(self, store, make, monkeypatch):
        """A listing that missed both a compact file and what it replaced is redone."""
        for step in range(2):
            with store.writer("demo") as writer:
                writer.append("reports", make.report(step))
        calls, list_now = [], Storage.list

        def miss_once(storage, folder):
            if folder.startswith("reports") and not calls:
                calls.append(folder)
                compaction.compact(store.storage, "demo", "reports", 2)
                return []
            return list_now(storage, folder)

        monkeypatch.setattr(Storage, "list", miss_once)
        assert store.rows("reports")["epoch"].to_pylist() == [0, 1]
        assert calls

    def test_never_ending_change(self, store, make, monkeypatch):
        """A folder whose files keep vanishing is an error, not an endless search."""
        with store.writer("demo") as writer:
            writer.append("reports", make.report())
        get = Storage.get

        def vanish(storage, path):
            if path.endswith(".parquet"):
                raise FileNotFoundError(path)
            return get(storage, path)

        monkeypatch.setattr(Storage, "get", vanish)
        with pytest.raises(StorageError, match="keep vanishing"):
            store.rows("reports")
