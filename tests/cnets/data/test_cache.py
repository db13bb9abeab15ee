"""Tests of `cnets.data.cache`: made once, whole or refused, shared."""

import dataclasses
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from cnets.data import cache, synthetic
from cnets.data.labels import Labels


FRAMES = 66
"""A whole chunk and a part of one."""


@pytest.fixture(scope="module")
def labels() -> Labels:
    """A few poses."""
    return synthetic.labels(FRAMES)


@pytest.fixture(scope="module")
def made(labels, tmp_path_factory) -> Path:
    """A cache that holds them; only read."""
    folder = tmp_path_factory.mktemp("made")
    cache.crops(labels, 32, folder)
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
    (found,) = folder.iterdir()
    return found / cache.CROPS


def start_process(folder: Path, **environment: str) -> subprocess.Popen:
    """A process of its own that opens the same poses in a cache."""
    script = (
        "import sys, pathlib; from cnets.data import cache, synthetic;"
        f"cache.crops(synthetic.labels({FRAMES}), 32, pathlib.Path(sys.argv[1]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], env=os.environ | environment
    )


class TestCrops:
    def test_made_once(self, labels, tmp_path):
        """Progress is told the first time, and nothing is rendered the second."""
        told = []
        first = cache.crops(labels, 32, tmp_path, lambda *done: told.append(done))
        again = cache.crops(labels, 32, tmp_path, never)
        assert told == [(64, FRAMES), (FRAMES, FRAMES)]
        assert np.array_equal(first, again)

    def test_shared_memory(self, labels, tmp_path):
        """Crops are a read-only memory map of float16."""
        crops = cache.crops(labels, 32, tmp_path / "new" / "folder")
        assert isinstance(crops, np.memmap)
        assert not crops.flags.writeable
        assert crops.dtype == np.float16
        assert crops.shape == (FRAMES, 32, 32)

    def test_same_bytes_again(self, labels, made, copied):
        """A set that was deleted comes back to the last bit."""
        shutil.rmtree(only(copied).parent)
        cache.crops(labels, 32, copied)
        assert only(copied).read_bytes() == only(made).read_bytes()

    def test_hands(self, labels, made):
        """Every crop reaches from -1 to +1, and a hand covers a part of it."""
        crops = cache.crops(labels, 32, made, never).astype(np.float32)
        assert (crops.max((1, 2)) == 1).all()
        assert (crops.min((1, 2)) == -1).all()
        covered = (crops < 1).mean((1, 2))
        assert covered.min() > 0.03
        assert covered.max() < 0.6

    @pytest.mark.parametrize("kept", [0, 50, 1000, -1])
    def test_truncated(self, labels, copied, kept):
        """A file that was cut is refused, wherever, with the folder to delete."""
        path = only(copied)
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(ValueError, match="is damaged, delete it") as refused:
            cache.crops(labels, 32, copied, never)
        assert str(path.parent) in str(refused.value)

    def test_changed_byte(self, labels, copied):
        """A file in which one bit has changed is refused."""
        path = only(copied)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"delete it: crops\.npy has changed"):
            cache.crops(labels, 32, copied)

    @pytest.mark.parametrize("facts", ["", "{", "{}", "[]", '{"sha256": null}'])
    def test_bad_facts(self, labels, copied, facts):
        """A set whose checksum is not there is refused."""
        (only(copied).parent / cache.FACTS).write_text(facts)
        with pytest.raises(ValueError, match="is damaged, delete it"):
            cache.crops(labels, 32, copied)

    def test_missing_file(self, labels, copied):
        """A folder without its crops is refused."""
        only(copied).unlink()
        with pytest.raises(ValueError, match="is damaged, delete it"):
            cache.crops(labels, 32, copied)

    def test_leftover(self, labels, tmp_path):
        """What a killed process left is no set, and is in nobody's way."""
        leftover = tmp_path / ".making-abc"
        leftover.mkdir()
        (leftover / cache.CROPS).write_bytes(b"half")
        assert len(cache.crops(labels, 32, tmp_path)) == FRAMES
        assert (leftover / cache.CROPS).read_bytes() == b"half"

    def test_stopped(self, labels, tmp_path):
        """Rendering that is interrupted leaves nothing behind."""

        def stop(*_: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cache.crops(labels, 32, tmp_path, stop)
        assert list(tmp_path.iterdir()) == []

    def test_overtaken(self, labels, tmp_path):
        """Who finishes second uses the first one's set, and removes its own."""

        def overtake(done: int, frames: int) -> None:
            if done == frames:
                cache.crops(labels, 32, tmp_path)

        crops = cache.crops(labels, 32, tmp_path, overtake)
        assert np.array_equal(crops, np.load(only(tmp_path)))

    def test_two_threads(self, labels, tmp_path):
        """Two that start at once get one set."""
        start, found = threading.Barrier(2), []

        def open_it() -> None:
            start.wait()
            found.append(cache.crops(labels, 32, tmp_path))

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

    def test_cannot_be_written(self, labels, tmp_path):
        """A file where the cache should be is refused, naming the store."""
        (tmp_path / "file").write_text("")
        with pytest.raises(ValueError, match="`store` must be a folder that can be"):
            cache.crops(labels, 32, tmp_path / "file")


class TestFingerprint:
    def test_all_it_depends_on(self, labels):
        """Side, joints, centres, thickness, skeleton and camera each change it."""
        names = {cache.fingerprint(labels, 32), cache.fingerprint(labels, 64)}
        for array in ("joints_mm", "centres_mm", "thickness"):
            moved = getattr(labels, array).copy()
            moved.reshape(-1)[-1] += 0.01
            changed = dataclasses.replace(labels, **{array: moved})
            names.add(cache.fingerprint(changed, 32))
        parts = {
            "camera": dataclasses.replace(labels.camera, cx=321.0),
            "skeleton": dataclasses.replace(
                labels.skeleton, capsules=labels.skeleton.capsules[1:]
            ),
        }
        for name, part in parts.items():
            changed = dataclasses.replace(labels, **{name: part})
            names.add(cache.fingerprint(changed, 32))
        assert len(names) == 7

    def test_repeats(self, labels):
        """The same labels have the same fingerprint when they are drawn again."""
        again = synthetic.labels(FRAMES)
        assert cache.fingerprint(again, 32) == cache.fingerprint(labels, 32)
