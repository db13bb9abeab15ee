import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest

from harness.commands import cli
from results import Store
from results.checking import verify_runs
from results.checking.verify import verify
from results.format import schema, segments
from results.writing import compaction


@pytest.fixture
def full(store, make):
    """`demo` with two drivers, several segments and one prepared set."""
    for _ in range(2):
        with store.writer("demo") as writer:
            for number in range(3):
                writer.append("trials", make.trial(number))
                writer.append("reports", make.report(1, trial=f"t-{number:05d}"))
                writer.append("decisions", make.decision(1))
                writer.flush()
            writer.append("finals", make.final())
    return store


def findings(store, search=None) -> dict[str, str]:
    """Problem by path, without waiting to look again."""
    return {f.path: f.problem for f in verify(store.storage, search, again_s=0)}


def put(store, path: str, data: bytes) -> Path:
    """Write a file of a store behind its back."""
    target = store.storage.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def sealed(record: dict) -> bytes:
    """What `cnets.sealed` writes, by hand."""
    text = json.dumps(record, sort_keys=True).encode()
    digest = hashlib.sha256(text).hexdigest()
    return json.dumps(record | {"record_sha256": digest}, indent=1).encode()


def put_checkpoint(store, folder: str, **changes) -> None:
    """A checkpoint as `cnets` writes it."""
    tensors = b"tensors" * 9
    said = {"version": 2, "bytes": 63, "sha256": hashlib.sha256(tensors).hexdigest()}
    put(store, f"{folder}/lane.safetensors", tensors)
    put(store, f"{folder}/lane.json", sealed(said | changes))


def put_set(store, folder: str) -> None:
    """A prepared set as `cnets` makes it."""
    pieces = {}
    for name, data in (("crops.npy", b"crops"), ("centres.npy", b"centres")):
        put(store, f"{folder}/{name}", data)
        pieces[name] = [hashlib.sha256(data).hexdigest()]
    put(store, f"{folder}/facts.json", sealed({"version": 3, "pieces": pieces}))


class TestClean:
    def test_a_store(self, full):
        """A store that was only written to is clean, whole and by search."""
        assert findings(full) == {}
        assert findings(full, "demo") == {}

    def test_an_empty_store(self, tmp_path):
        """So is one in which there is nothing yet."""
        assert findings(Store.open(tmp_path, create=True)) == {}

    def test_in_memory(self, make):
        """A store without a folder is checked the same way."""
        made = Store.open("memory://", create=True)
        made.create_search(make.header())
        with made.writer("demo") as writer:
            writer.append("trials", make.trial())
        put = made.storage.create
        tensors = b"tensors"
        digest = hashlib.sha256(tensors).hexdigest()
        put("checkpoints/demo/t/at-1/lane.safetensors", tensors)
        header = {"version": 2, "bytes": 7, "sha256": digest}
        put("checkpoints/demo/t/at-1/lane.json", sealed(header))
        put("cache/a-3/x.npy", tensors)
        put("cache/a-3/facts.json", sealed({"pieces": {"x.npy": [digest]}}))
        assert findings(made) == {}

    def test_every_file_is_seen(self, full):
        """The caller is told of each file with its size, and nothing else."""
        put_checkpoint(full, "checkpoints/demo/t-00000/at-3-000001")
        put_set(full, "cache/abc-3")
        told = {}
        list(verify(full.storage, seen=lambda *said: told.update({said[1]: said[2]})))
        root = full.storage.root
        there = {
            str(path.relative_to(root)): path.stat().st_size
            for path in root.rglob("*")
            if path.is_file() and path.suffix not in (".beat", ".closed")
        }
        assert told == there

    def test_compacted(self, full):
        """Compact files, alone and beside what they replaced, are sound."""
        root = full.storage.root
        before = shutil.copytree(root / "reports", root.parent / "before")
        parameters = full.header("demo").parameters
        compaction.compact_all(full.storage, "demo", parameters, 2)
        assert len(list((root / "reports").rglob("*.parquet"))) == 1
        assert findings(full) == {}
        shutil.copytree(before, root / "reports", dirs_exist_ok=True)
        assert findings(full) == {}

    def test_unfinished_things(self, full):
        """Half checkpoints, half sets and torn last lines are no damage."""
        put(full, "checkpoints/demo/t-00000/at-3-000002/lane.safetensors", b"half")
        put(full, "cache/.making-abc-3/crops.npy", b"half")
        put(full, "cache/of-an-older-layout-2/crops.npy", b"whole")
        put(full, "journal/demo/0000003.jsonl", b'00000000 [1,[["trials",{"se')
        assert findings(full) == {}

    def test_an_older_checkpoint(self, full):
        """Of version 1, whose header had no digest, the tensors are checked."""
        folder = "checkpoints/demo/t-00000/at-3-000001"
        put_checkpoint(full, folder)
        said = {"version": 1, "sha256": hashlib.sha256(b"tensors" * 9).hexdigest()}
        put(full, f"{folder}/lane.json", json.dumps(said).encode())
        assert findings(full) == {}
        put(full, f"{folder}/lane.safetensors", b"other")
        assert set(findings(full)) == {f"{folder}/lane.safetensors"}


class TestDamage:
    def test_flipped_bits(self, full):
        """Of 60 bits, one changed at a time in any checked file, each is found."""
        put_checkpoint(full, "checkpoints/demo/t-00000/at-3-000001")
        put_set(full, "cache/abc-3")
        paths: set[Path] = set()
        root = full.storage.root
        list(verify(full.storage, seen=lambda _, path, __: paths.add(root / path)))
        draw = random.Random(0)
        for path in draw.choices(sorted(paths), k=60):
            content = path.read_bytes()
            broken = bytearray(content)
            bit = draw.randrange(8 * len(content))
            broken[bit // 8] ^= 1 << bit % 8
            path.write_bytes(broken)
            assert len(findings(full)) == 1
            path.write_bytes(content)
        assert findings(full) == {}

    def test_another_spelling(self, full, make):
        """A changed bit that leaves the meaning of a record alone is found too."""
        header = make.header(name="other", data="\u00e9poque").to_bytes()
        assert header.count(b"\\u00e9") == 1
        path = put(full, "searches/other.json", header)
        assert findings(full) == {}
        path.write_bytes(header.replace(b"\\u00e9", b"\\u00E9"))
        assert full.header("other").data == "\u00e9poque"
        assert findings(full) == {"searches/other.json": "Its text has changed."}
        folder = "checkpoints/demo/t-0/at-3"
        put_checkpoint(full, folder, origin="\u00e9")
        path = full.storage.root / folder / "lane.json"
        path.write_bytes(path.read_bytes().replace(b"\\u00e9", b"\\u00E9"))
        assert f"{folder}/lane.json" in findings(full)

    @pytest.mark.parametrize("kept", [0, 1, 40, -1])
    def test_cut_files(self, full, kept):
        """A record, a segment and a checkpoint that were cut are named."""
        put_checkpoint(full, "checkpoints/demo/t-00000/at-3-000001")
        root = full.storage.root
        first = min((root / "reports").rglob("*.parquet"))
        for path in (root / "searches/demo.json", first, *root.rglob("lane.*")):
            content = path.read_bytes()
            path.write_bytes(content[:kept])
            name = str(path.relative_to(root))
            assert set(findings(full)) == {name}
            path.write_bytes(content)

    @pytest.mark.parametrize(
        ("path", "problem"),
        [
            ("store.json", "It is missing."),
            ("checkpoints/demo/t-0/at-3/lane.safetensors", "It is missing."),
            ("cache/abc-3/facts.json", "It is missing."),
            ("cache/abc-3/crops.npy", "It is missing."),
        ],
    )
    def test_missing_files(self, full, path, problem):
        """A file that must be there and is not is named."""
        put_checkpoint(full, "checkpoints/demo/t-0/at-3")
        put_set(full, "cache/abc-3")
        (full.storage.root / path).unlink()
        assert findings(full) == {path: problem}

    def test_missing_header(self, full):
        """Tables of a search without a header are named."""
        (full.storage.root / "searches/demo.json").unlink()
        problems = set(findings(full).values())
        assert problems == {"Its search `demo` has no header."}

    def test_another_searchs_header(self, full, make):
        """A header under another name is named."""
        put(full, "searches/other.json", make.header().to_bytes())
        said = findings(full)
        assert said == {"searches/other.json": "It is the header of another search."}

    def test_missing_trials(self, full):
        """Reports of a trial that has no row in `trials` betray a missing segment."""
        for path in (full.storage.root / "trials").rglob("*.parquet"):
            path.unlink()
        said = findings(full)
        assert said["reports/search_id=demo"] == (
            "It has rows of 3 trials that have no row in `trials`, such as `t-00000`."
        )
        assert len(said) == 3

    @pytest.mark.parametrize(
        "path",
        [
            "reports/search_id=demo/notes.txt",
            "reports/search_id=demo/x.parquet",
            "reports/loose.parquet",
            "trials/search_id=demo/deep/seg-0000001-000000001.parquet",
        ],
    )
    def test_strangers(self, full, path):
        """A file in a table that is no segment of it is named."""
        put(full, path, b"")
        table = path.partition("/")[0]
        assert findings(full) == {path: f"It is no segment of `{table}`."}

    @pytest.mark.parametrize("hidden", [".x.parquet", "_x.parquet", "x.parquet.tmp"])
    def test_litter(self, full, hidden):
        """So is what other tools leave, which breaks other readers."""
        put(full, f"reports/search_id=demo/{hidden}", b"")
        assert len(findings(full)) == 1

    def test_in_the_folder_of_another(self, full, make):
        """A sound segment of another search, table or number is named."""
        full.create_search(make.header(name="other"))
        root = full.storage.root
        source = min((root / "reports").rglob("*.parquet"))
        for target, problem in (
            ("reports/search_id=other", "Its rows must all be of the search `other`."),
            ("trials/search_id=demo", "must be a file of `trials`, and is not."),
        ):
            copy = put(full, f"{target}/{source.name}", source.read_bytes())
            said = findings(full)
            assert problem in said[str(copy.relative_to(root))]
            copy.unlink()
        for name in ("seg-0000001-000000099.parquet", "seg-0000002-000000001.parquet"):
            copy = put(full, f"reports/search_id=demo/{name}", source.read_bytes())
            assert findings(full) == {
                f"reports/search_id=demo/{name}": "Its name must say the last epoch "
                "and sequence number in it."
            }
            copy.unlink()

    def test_a_newer_segment(self, full):
        """One of a later major version asks for a newer crossnets."""
        columns = schema.schema("finals")
        newer = {b"crossnets.schema_version": b"2.0"}
        columns = columns.with_metadata(columns.metadata | newer)
        path = min((full.storage.root / "finals").rglob("*.parquet"))
        rows = full.rows("finals").to_pylist()[:1]
        path.write_bytes(segments.encode(columns, rows))
        (found,) = verify(full.storage)
        assert found.remedy == "Install a newer crossnets."

    def test_rows_twice(self, full):
        """A segment that holds a row twice cannot be, and is named."""
        path = min((full.storage.root / "finals").rglob("*.parquet"))
        table = full.rows("finals", "demo")
        rows = [row for row in table.to_pylist() if row["epoch"] == 1]
        columns = schema.schema("finals")
        path.write_bytes(segments.encode(columns, rows * 2))
        assert list(findings(full).values()) == ["No row may stand in it twice."]

    def test_a_column_is_missing(self, full):
        """A segment without a column that every row must have is named."""
        path = min((full.storage.root / "finals").rglob("*.parquet"))
        table = full.rows("finals", "demo").slice(0, 1).drop_columns("split")
        path.write_bytes(segments.encode(table.schema, table.to_pylist()))
        assert list(findings(full).values()) == ["It lacks the column `split`."]

    def test_journals(self, full):
        """A line that is not as it was written is named with its number."""
        line = b'2f0a5fc4 ["reports",{"seq":3}]\n'
        line = b"%08x" % zlib.crc32(line[9:-1]) + line[8:]
        path = "journal/demo/0000009.jsonl"
        put(full, path, line * 3)
        assert findings(full) == {}
        for number, place in ((1, 3), (2, len(line) + 12), (3, 3 * len(line) - 1)):
            broken = bytearray(line * 3)
            broken[place] ^= 1
            put(full, path, bytes(broken))
            said = findings(full)
            assert f"line {number}" in said[path]

    def test_a_journal_that_was_set_aside(self, full):
        """What recovery keeps of a damaged journal stays named until it is deleted."""
        put(full, "journal/demo/0000001.jsonl.damaged", b"anything")
        assert list(findings(full)) == ["journal/demo/0000001.jsonl.damaged"]

    def test_cannot_be_read(self, full):
        """A checkpoint that is a folder where a file should be is named."""
        put_checkpoint(full, "checkpoints/demo/t-0/at-3")
        path = full.storage.root / "checkpoints/demo/t-0/at-3/lane.safetensors"
        path.unlink()
        path.mkdir()
        assert len(findings(full)) == 1

    def test_unknown_search(self, full):
        """A search that is not there is refused with those that are."""
        with pytest.raises(ValueError, match=r"one of the store's \(demo\)"):
            list(verify(full.storage, "nobody"))
        with pytest.raises(ValueError, match="small letters"):
            list(verify(full.storage, "../demo"))

    def test_one_search(self, full, make):
        """Damage of another search is not looked for."""
        full.create_search(make.header(name="other"))
        put(full, "searches/demo.json", b"")
        assert findings(full, "other") == {}
        assert set(findings(full, "demo")) == {"searches/demo.json"}


class TestWhileItIsWritten:
    def test_a_driver_at_work(self, store, make):
        """Rows, flushes, compactions and checkpoints at any moment are no damage."""
        stop = threading.Event()

        def drive() -> None:
            count = 0
            while not stop.is_set():
                with store.writer("demo") as writer:
                    for _ in range(8):
                        name = f"t-{count:05d}"
                        writer.append("trials", make.trial(count))
                        writer.append("reports", make.report(1, trial=name))
                        writer.flush()
                        folder = f"checkpoints/demo/t-0/at-{count % 3}"
                        shutil.rmtree(store.storage.root / folder, ignore_errors=True)
                        put_checkpoint(store, folder)
                        count += 1
                    parameters = store.header("demo").parameters
                    epoch = writer.epoch
                compaction.compact_all(store.storage, "demo", parameters, epoch)

        driver = threading.Thread(target=drive)
        driver.start()
        try:
            seen: set[str] = set()
            until = time.monotonic() + 60
            while time.monotonic() < until:
                found = verify(
                    store.storage, seen=lambda *told: seen.add(told[1]), again_s=0.2
                )
                assert list(found) == []
                if sum("/compact-" in path for path in seen) > 2:
                    break
        finally:
            stop.set()
            driver.join()
        assert any("/compact-" in path for path in seen)
        assert findings(store) == {}

    def test_looks_again(self, full):
        """What is whole a moment later was not damaged."""
        folder = "checkpoints/demo/t-0/at-3"
        put_checkpoint(full, folder)
        tensors = full.storage.root / folder / "lane.safetensors"
        content = tensors.read_bytes()
        tensors.write_bytes(content[:9])
        writer = threading.Timer(0.3, tensors.write_bytes, [content])
        writer.start()
        assert list(verify(full.storage, again_s=1.0)) == []
        writer.join()
        tensors.write_bytes(content[:9])
        assert len(list(verify(full.storage, again_s=0.1))) == 1


class TestCommand:
    def test_clean(self, full, capsys):
        """A sound store gives exit code 0 and the number of files."""
        root = str(full.storage.root)
        assert cli.run(["verify", "--store", root]) == cli.DONE
        said = capsys.readouterr()
        assert "segments" in said.out
        assert said.err == "Every file is as it was written.\n"

    def test_json(self, full, capsys):
        """Machines get what was checked, and each damage with its remedy."""
        root = full.storage.root
        put(full, "reports/search_id=demo/x", b"")
        words = ["verify", "demo", "--store", str(root), "--format", "json"]
        assert cli.run(words) == cli.STORAGE
        said = json.loads(capsys.readouterr().out)
        assert not said["clean"]
        assert said["damage"] == [
            {
                "path": "reports/search_id=demo/x",
                "problem": "It is no segment of `reports`.",
                "remedy": "Move it out of the tables.",
            }
        ]
        counted = {row["checked"]: row for row in said["checked"]}
        files = list((root / "reports").rglob("*")) + list((root / "trials").rglob("*"))
        assert counted["records"]["files"] == 4
        assert counted["segments"]["files"] > len(files) / 2
        assert counted["segments"]["bytes"] > 0

    def test_damaged_store_record(self, full, capsys):
        """Where store.json itself is damaged, the rest is checked all the same."""
        put(full, "store.json", b"{}")
        put(full, "trials/search_id=demo/x", b"")
        assert cli.run(["verify", "--store", str(full.storage.root)]) == cli.STORAGE
        said = capsys.readouterr()
        assert "store.json" in said.out
        assert "trials/search_id=demo/x" in said.out
        assert said.err == "2 files are damaged.\n"

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--format", "csv"], "`--format` must be table or json, got 'csv'."),
            (["nobody"], "`search` must be one of the store's (demo), got 'nobody'."),
            (["--store", "nowhere"], "does not exist"),
        ],
    )
    def test_usage(self, full, capsys, words, sentence):
        """What cannot be checked is said in one sentence, with exit code 2."""
        place = [] if "--store" in words else ["--store", str(full.storage.root)]
        assert cli.run(["verify", *words, *place]) == cli.USAGE
        said = capsys.readouterr()
        assert sentence in said.err
        assert said.out == ""

    def test_neither_ray_nor_torch(self, full):
        """Checking loads the base of the package only."""
        code = (
            "import sys\n"
            "from harness.commands import cli\n"
            f"code = cli.run(['verify', '--store', {str(full.storage.root)!r}])\n"
            "heavy = {'ray', 'torch', 'optuna', 'duckdb'} & set(sys.modules)\n"
            "assert (code, heavy) == (0, set()), (code, heavy)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
        assert done.returncode == 0


def test_the_layouts_are_those_of_cnets():
    """The second reader knows the names and sizes that the writers use."""
    from cnets import sealed as ours
    from cnets.data.crops import cache
    from cnets.training import state

    assert (verify_runs.HEADER, verify_runs.TENSORS) == (state.HEADER, state.TENSORS)
    assert verify_runs.FACTS == cache.FACTS
    assert f"-{cache.VERSION}" == verify_runs.CACHE_LAYOUT
    assert verify_runs.PIECE_BYTES == cache.PIECE_BYTES
    record = {"a": [1.5, None], "b": "\u00e9"}
    assert ours.encode(record) == sealed(record)
