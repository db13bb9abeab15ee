"""Tests of `cnets.data.crops.cache`: made once, whole or refused, shared."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from cnets.data.crops import cache
from cnets.data.crops.rendered import Rendered
from cnets.data.readers import synthetic


FRAMES = 66
"""A whole chunk and a part of one."""


@pytest.fixture(scope="module")
def source() -> Rendered:
    """A few poses."""
    return Rendered(synthetic.labels(FRAMES))


@pytest.fixture(scope="module")
def made(source, tmp_path_factory) -> Path:
    """A cache that holds them; only read."""
    folder = tmp_path_factory.mktemp("made")
    cache.cached(source, 32, folder)
    return folder


@pytest.fixture
def copied(made, tmp_path) -> Path:
    """A copy of that cache, to be damaged."""
    return shutil.copytree(made, tmp_path / "copied")


def never(done: int, frames: int) -> None:
    """A progress that must not be called."""
    raise AssertionError(f"rendered {done} of {frames}")


def only(folder: Path) -> Path:
    """The crops of the one set in a cache."""
    (found,) = (p for p in folder.glob("*-*") if not p.name.startswith("."))
    return found / cache.CROPS


def start_process(folder: Path, **environment: str) -> subprocess.Popen:
    """A process of its own that opens the same poses in a cache."""
    script = (
        "import sys, pathlib; from cnets.data.crops import cache, rendered; from cnets.data.readers import synthetic;"
        f"source = rendered.Rendered(synthetic.labels({FRAMES}));"
        "cache.cached(source, 32, pathlib.Path(sys.argv[1]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], env=os.environ | environment
    )


class TestCrops:
    def test_made_once(self, source, tmp_path):
        """Progress is told the first time, and nothing is rendered the second."""
        told = []
        first = cache.cached(source, 32, tmp_path, lambda *done: told.append(done))
        again = cache.cached(source, 32, tmp_path, never)
        assert told == [(0, FRAMES), (64, FRAMES), (FRAMES, FRAMES)]
        assert np.array_equal(first.crops, again.crops)
        assert np.array_equal(first.centres_mm, again.centres_mm)

    def test_shared_memory(self, source, tmp_path):
        """Crops are a read-only memory map of float16."""
        crops = cache.cached(source, 32, tmp_path / "new" / "folder").crops
        assert isinstance(crops, np.memmap)
        assert not crops.flags.writeable
        assert crops.dtype == np.float16
        assert crops.shape == (FRAMES, 32, 32)

    def test_same_bytes_again(self, source, made, copied):
        """A set that was deleted comes back to the last bit."""
        shutil.rmtree(only(copied).parent)
        cache.cached(source, 32, copied)
        assert only(copied).read_bytes() == only(made).read_bytes()

    def test_hands(self, source, made):
        """Every crop reaches from -1 to +1, and a hand covers a part of it."""
        crops = cache.cached(source, 32, made, never).crops.astype(np.float32)
        assert (crops.max((1, 2)) == 1).all()
        assert (crops.min((1, 2)) == -1).all()
        covered = (crops < 1).mean((1, 2))
        assert covered.min() > 0.03
        assert covered.max() < 0.6

    @pytest.mark.parametrize("kept", [0, 50, 1000, -1])
    def test_truncated(self, source, copied, kept):
        """A file that was cut is refused, wherever, with the folder to delete."""
        path = only(copied)
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(ValueError, match="is damaged, delete it") as refused:
            cache.cached(source, 32, copied, never)
        assert str(path.parent) in str(refused.value)

    def test_changed_byte(self, source, copied):
        """A file in which one bit has changed is refused."""
        path = only(copied)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"delete it: crops\.npy has changed"):
            cache.cached(source, 32, copied)

    @pytest.mark.parametrize("facts", ["", "{", "{}", "[]", '{"sha256": null}'])
    def test_bad_facts(self, source, copied, facts):
        """A set whose checksum is not there is refused."""
        (only(copied).parent / cache.FACTS).write_text(facts)
        with pytest.raises(ValueError, match="is damaged, delete it"):
            cache.cached(source, 32, copied)

    def test_every_bit_of_the_facts(self, source, copied):
        """A record in which any of 100 random bits has changed is refused."""
        path = only(copied).parent / cache.FACTS
        content, draw = path.read_bytes(), np.random.default_rng(0)
        for bit in draw.integers(8 * len(content), size=100):
            broken = bytearray(content)
            broken[bit // 8] ^= 1 << bit % 8
            path.write_bytes(broken)
            with pytest.raises(ValueError, match="is damaged, delete it"):
                cache.cached(source, 32, copied, never)

    def test_made_again(self, source, made, copied):
        """A damaged set whose folder was deleted, as the error says, is made again."""
        only(copied).write_bytes(b"")
        with pytest.raises(ValueError, match=r"delete it: .*it is made again"):
            cache.cached(source, 32, copied)
        shutil.rmtree(only(copied).parent)
        again = cache.cached(source, 32, copied)
        assert np.array_equal(again.crops, cache.cached(source, 32, made).crops)

    def test_checksums(self, tmp_path):
        """By hand: one digest for each whole piece, and one for the rest."""
        path = tmp_path / "large"
        with path.open("wb") as file:
            file.truncate(2 * cache.PIECE_BYTES)
            file.seek(0, 2)
            file.write(b"rest")
        zeros = hashlib.sha256(bytes(cache.PIECE_BYTES)).hexdigest()
        rest = hashlib.sha256(b"rest").hexdigest()
        assert cache.checksums(path) == [zeros, zeros, rest]
        path.write_bytes(b"")
        assert cache.checksums(path) == []

    def test_longer_file(self, source, copied):
        """Bytes behind the last ones are damage too."""
        with only(copied).open("ab") as file:
            file.write(b"\0")
        with pytest.raises(ValueError, match=r"crops\.npy has changed"):
            cache.cached(source, 32, copied, never)

    def test_missing_file(self, source, copied):
        """A folder without its crops is refused."""
        only(copied).unlink()
        with pytest.raises(ValueError, match="is damaged, delete it"):
            cache.cached(source, 32, copied)

    @pytest.mark.parametrize("after", [1, 2, 3])
    def test_goes_on(self, tmp_path, after):
        """What was made before an interruption is not made again."""
        many = Rendered(synthetic.labels(4 * cache.CHUNK))

        def stop(done: int, frames: int) -> None:
            assert frames == 4 * cache.CHUNK
            if done == after * cache.CHUNK:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cache.cached(many, 32, tmp_path, stop, workers=1)
        assert not list(tmp_path.glob("*/" + cache.FACTS))
        told = []
        cache.cached(many, 32, tmp_path, lambda *done: told.append(done[0]), workers=1)
        assert told == [n * cache.CHUNK for n in range(after, 5)]
        whole = cache.cached(many, 32, tmp_path / "whole")
        assert only(tmp_path).read_bytes() == only(tmp_path / "whole").read_bytes()
        assert len(whole.crops) == 4 * cache.CHUNK

    def test_damaged_leftover(self, source, made, tmp_path):
        """A chunk whose bytes are not those of its line is made again."""

        def stop(done: int, _: int) -> None:
            if done:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cache.cached(source, 32, tmp_path, stop, workers=1)
        (aside,) = (p for p in tmp_path.glob(".making-*") if p.is_dir())
        content = bytearray((aside / cache.CROPS).read_bytes())
        content[200] ^= 1
        (aside / cache.CROPS).write_bytes(content)
        with (aside / cache.DONE).open("a") as log:
            log.write('\n{"chunk": 1, "sha')
        cache.cached(source, 32, tmp_path)
        assert only(tmp_path).read_bytes() == only(made).read_bytes()

    def test_damaged_note(self, source, made, tmp_path):
        """A line whose content has changed does not get into the fingerprint."""

        def stop(done: int, _: int) -> None:
            if done:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cache.cached(source, 32, tmp_path, stop, workers=1)
        (done,) = tmp_path.glob(f".making-*/{cache.DONE}")
        said = json.loads(done.read_text())
        done.write_text(f"\n{json.dumps(said | {'content': 'changed'})}")
        told = []
        found = cache.cached(source, 32, tmp_path, lambda *now: told.append(now))
        assert found.content == cache.cached(source, 32, made).content
        assert told[0] == (0, FRAMES)

    @pytest.mark.parametrize("workers", [1, 2, 5])
    def test_workers(self, source, made, tmp_path, workers):
        """However many threads make it, the set has the same bytes."""
        cache.cached(source, 32, tmp_path, workers=workers)
        for name in (cache.CROPS, cache.CENTRES, cache.FACTS):
            there, here = (only(f).parent / name for f in (made, tmp_path))
            assert there.read_bytes() == here.read_bytes()

    def test_two_threads(self, source, tmp_path):
        """Two that start at once get one set."""
        start, found = threading.Barrier(2), []

        def open_it() -> None:
            start.wait()
            found.append(cache.cached(source, 32, tmp_path).crops)

        threads = [threading.Thread(target=open_it) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert np.array_equal(*found)
        assert only(tmp_path).is_file()

    def test_two_processes(self, made, tmp_path):
        """Two processes that start at once get one set, with this one's bytes."""
        both = [start_process(tmp_path) for _ in range(2)]
        assert [process.wait() for process in both] == [0, 0]
        assert only(tmp_path).read_bytes() == only(made).read_bytes()

    def test_another_processor(self, made, tmp_path):
        """A processor without vector instructions renders the same bytes."""
        process = start_process(tmp_path, ATEN_CPU_CAPABILITY="default")
        assert process.wait() == 0
        assert only(tmp_path).parent.name == only(made).parent.name
        assert only(tmp_path).read_bytes() == only(made).read_bytes()

    def test_cannot_be_written(self, source, tmp_path):
        """A file where the cache should be is refused, naming the store."""
        (tmp_path / "file").write_text("")
        with pytest.raises(ValueError, match="`store` must be a folder that can be"):
            cache.cached(source, 32, tmp_path / "file")
