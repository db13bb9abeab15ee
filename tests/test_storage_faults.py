"""A search whose disk is full, hidden or read-only for a while goes on by itself.

The disk is a small tmpfs, so these tests run as root. The store is hidden for its full
minute by `make chaos` alone; `results/test_faults.py` does so without a search.
"""

import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from results import Store, queries


pytestmark = pytest.mark.ray

DRIVER = Path(__file__).parent / "chaos" / "driver.py"
TRIALS = 4
HIDDEN_S = 60
LONGEST_S = 240

TIMES = {
    "time_utc",
    "wall_time_s",
    "seconds",
    "driver_epoch",
    "seq",
    "event",
    "attempt",
}
"""Columns that may differ from those of a search that was left alone."""


def mounted(*words: str) -> bool:
    """Run `mount`; False if this process may not."""
    return subprocess.run(["mount", *words], capture_output=True).returncode == 0


@pytest.fixture
def disk(tmp_path):
    """A disk of 32 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    if not mounted("-t", "tmpfs", "-o", "size=32m", "tmpfs", str(path)):
        pytest.skip("mounting a tmpfs needs root")
    yield path
    subprocess.run(["umount", "--recursive", str(path)], check=True)


class Searching:
    """A search in a process of its own."""

    def __init__(self, store: Path, beside: Path) -> None:
        """Start it; what it says and what it was promised lie beside the store."""
        self.said, self.acknowledged = beside / "said", beside / "acknowledged"
        words = [sys.executable, DRIVER, store, self.acknowledged, TRIALS, 1]
        with self.said.open("a") as log:
            self.process = subprocess.Popen([*map(str, words)], stdout=log, stderr=log)

    def rows(self) -> int:
        """Rows that were acknowledged so far."""
        found = self.acknowledged.exists() and self.acknowledged.read_text()
        return found.count("\n") if found else 0

    def trains(self) -> bool:
        """Whether the first epochs are over, so that data and stages are open."""
        return self.acknowledged.exists() and self.rows_of("trials") >= 4

    def rows_of(self, table: str) -> int:
        """Rows of a table that were acknowledged so far."""
        return self.acknowledged.read_text().count(f'["{table}", ')

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait for something; fail if the search ends or nothing comes."""
        end = time.monotonic() + LONGEST_S
        while not holds():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < end, self.said.read_text()
            time.sleep(0.05)

    def paused(self) -> bool:
        """Whether it has said that it waits."""
        return "Paused, and goes on by itself: " in self.said.read_text()

    def end(self) -> None:
        """Wait for its end, which must be a good one."""
        assert self.process.wait(timeout=LONGEST_S) == 0, self.said.read_text()


def table(store: Path, name: str) -> list[dict]:
    """The newest rows without what may differ."""
    rows = queries.read(Store.open(store), name, "s").to_pylist()
    return [{k: v for k, v in row.items() if k not in TIMES} for row in rows]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """The store of the same search, left alone, even by Ray."""
    folder = tmp_path_factory.mktemp("alone")
    runpy.run_path(str(DRIVER))["alone"](folder, TRIALS)
    return folder


def compare(store: Path, other: Path, search: Searching) -> None:
    """Nothing is lost, nothing is twice, and every figure is the same."""
    stored = sum(
        len(Store.open(store).rows(name, "s"))
        for name in ("trials", "parameters", "reports", "decisions")
    )
    assert stored == search.rows()
    for name in ("trials", "parameters", "reports", "decisions"):
        assert table(store, name) == table(other, name)


def test_a_full_disk(disk, tmp_path, undisturbed):
    """It pauses, names the bytes that are free, and goes on when there is space."""
    search = Searching(disk / "runs", tmp_path)
    search.wait(search.trains)
    with (disk / "filler").open("wb", buffering=0) as filler:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                continue
    search.wait(search.paused)
    assert "free" in search.said.read_text()
    time.sleep(2)
    (disk / "filler").unlink()
    search.end()
    assert "The store can be written again" in search.said.read_text()
    compare(disk / "runs", undisturbed, search)


@pytest.mark.skipif("CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it")
def test_a_store_that_is_out_of_reach(disk, tmp_path, undisturbed):
    """Hidden behind an empty read-only disk, it is waited for."""
    search = Searching(disk / "runs", tmp_path)
    search.wait(search.trains)
    assert mounted("-t", "tmpfs", "-o", "ro", "tmpfs", str(disk / "runs"))
    time.sleep(HIDDEN_S)
    search.wait(search.paused)
    subprocess.run(["umount", str(disk / "runs")], check=True)
    search.end()
    compare(disk / "runs", undisturbed, search)


def test_a_store_that_is_read_only_from_the_start(disk):
    """One sentence and no traceback; nothing was begun."""
    assert mounted("-o", "remount,ro", str(disk))
    words = ["search", "s", "--data", "synthetic:40", "--preset", "tiny", "--store"]
    command = [sys.executable, "-m", "harness.commands.cli", *words, str(disk / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S)
    assert done.returncode in (2, 3)
    assert done.stderr.count("\n") == 1
    assert "Read-only" in done.stderr
    assert not list(disk.iterdir())
