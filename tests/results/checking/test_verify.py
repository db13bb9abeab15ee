import hashlib
import random
import shutil
import threading
import time
import zlib
from pathlib import Path

import pytest

from results import Store
from results.checking.verify import verify
from results.writing import compaction


class TestClean:
    def test_a_store(self, full, findings):
        """A store that was only written to is clean, whole and by search."""
        assert findings(full) == {}
        assert findings(full, "demo") == {}

    def test_an_empty_store(self, tmp_path, findings):
        """So is one in which there is nothing yet."""
        assert findings(Store.open(tmp_path, create=True)) == {}

    def test_in_memory(self, make, findings, sealed):
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

    def test_every_file_is_seen(self, full, put_checkpoint, put_set):
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

    def test_compacted(self, full, findings):
        """Compact files, alone and beside what they replaced, are sound."""
        root = full.storage.root
        before = shutil.copytree(root / "reports", root.parent / "before")
        compaction.compact_all(full.storage, "demo", 2)
        assert len(list((root / "reports").rglob("*.parquet"))) == 1
        assert findings(full) == {}
        shutil.copytree(before, root / "reports", dirs_exist_ok=True)
        assert findings(full) == {}

    def test_unfinished_things(self, full, findings, put):
        """Half checkpoints, half sets and torn last lines are no damage."""
        put(full, "checkpoints/demo/t-00000/at-3-000002/lane.safetensors", b"half")
        put(full, "cache/.making-abc-3/crops.npy", b"half")
        put(full, "cache/of-an-older-layout-2/crops.npy", b"whole")
        put(full, "journal/demo/0000003.jsonl", b'00000000 [1,[["trials",{"se')
        assert findings(full) == {}


class TestDamage:
    def test_flipped_bits(self, full, findings, put_checkpoint, put_set):
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

    def test_another_spelling(self, full, make, findings, put_checkpoint, put):
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
    def test_cut_files(self, full, kept, findings, put_checkpoint):
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
    def test_missing_files(
        self, full, path, problem, findings, put_checkpoint, put_set
    ):
        """A file that must be there and is not is named."""
        put_checkpoint(full, "checkpoints/demo/t-0/at-3")
        put_set(full, "cache/abc-3")
        (full.storage.root / path).unlink()
        assert findings(full) == {path: problem}

    def test_another_searchs_header(self, full, make, findings, put):
        """A header under another name is named."""
        put(full, "searches/other.json", make.header().to_bytes())
        said = findings(full)
        assert said == {"searches/other.json": "It is the header of another search."}

    def test_journals(self, full, findings, put):
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

    def test_a_journal_that_was_set_aside(self, full, findings, put):
        """What recovery keeps of a damaged journal stays named until it is deleted."""
        put(full, "journal/demo/0000001.jsonl.damaged", b"anything")
        assert list(findings(full)) == ["journal/demo/0000001.jsonl.damaged"]

    def test_unknown_search(self, full):
        """A search that is not there is refused with those that are."""
        with pytest.raises(ValueError, match=r"one of demo in the store"):
            list(verify(full.storage, "nobody"))
        with pytest.raises(ValueError, match="small letters"):
            list(verify(full.storage, "../demo"))

    def test_one_search(self, full, make, findings, put):
        """Damage of another search is not looked for."""
        full.create_search(make.header(name="other"))
        put(full, "searches/demo.json", b"")
        assert findings(full, "other") == {}
        assert set(findings(full, "demo")) == {"searches/demo.json"}


class TestWhileItIsWritten:
    def test_a_driver_at_work(self, store, make, findings, put_checkpoint):
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
                    driver_epoch = writer.driver_epoch
                compaction.compact_all(store.storage, "demo", driver_epoch)

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

    def test_looks_again(self, full, put_checkpoint):
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
