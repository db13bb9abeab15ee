"""SIGKILL of the driver of finals at random moments: they end as those left alone.

Part of `make chaos`: without `CROSSNETS_CHAOS` it is skipped, as the policy of finals is
killed at every kind of place in `test_finals_policy.py`.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from results import Store, queries
from results.finals import runs, table


pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(
        "CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it"
    ),
]

KILLS = int(os.environ.get("CROSSNETS_KILLS", "10"))
CHAOS = Path(__file__).parent / "chaos"
LONGEST_S = 300
"""Of one driver."""

TIMES = {"time_utc", "wall_time_s", "driver_epoch", "seq", "attempt"}
"""Columns in which finals that were killed may differ."""


def begun(script: str, folder: Path, *more: str) -> subprocess.Popen:
    """A driver on the store of a folder."""
    words = [CHAOS / script, folder / "runs", folder / "acknowledged", *more]
    with (folder / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, *map(str, words)], stdout=log, stderr=log
        )


def killed(folder: Path, draw: random.Random) -> bool:
    """Kill a driver a moment after some row; False if it ended before."""
    acknowledged = folder / "acknowledged"
    process = begun("finals.py", folder)

    def rows() -> int:
        return acknowledged.read_text().count("\n") if acknowledged.exists() else 0

    wanted, start_s = rows() + draw.randrange(0, 6), time.monotonic()
    while rows() < wanted and time.monotonic() - start_s < LONGEST_S:
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    try:
        process.wait(timeout=draw.uniform(0.0, 1.0))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


@pytest.fixture(scope="module")
def searched(tmp_path_factory) -> Path:
    """A search with two trials at each ratio, and its store."""
    folder = tmp_path_factory.mktemp("searched")
    assert begun("driver.py", folder, "6", "2").wait(timeout=LONGEST_S) == 0
    return folder / "runs"


def finals(searched: Path, folder: Path, kills: int) -> tuple[Store, int]:
    """The store after finals whose driver was killed, and how often it was."""
    shutil.copytree(searched, folder / "runs")
    draw, done = random.Random(20261127), 0
    while done < kills and killed(folder, draw):
        done += 1
    code = begun("finals.py", folder).wait(timeout=LONGEST_S)
    assert code == 0, (folder / "log").read_text()
    return Store.open(folder / "runs"), done


def rows(store: Store, name: str) -> list[dict]:
    """The newest rows of a table, without what may differ."""
    return [
        {column: value for column, value in row.items() if column not in TIMES}
        for row in queries.read(store, name, "s").to_pylist()
    ]


def test_finals_that_were_killed_equal_those_left_alone(searched, tmp_path):
    """Every row of finals and frames, and so the table, to the last bit."""
    (tmp_path / "killed").mkdir()
    (tmp_path / "alone").mkdir()
    store, kills = finals(searched, tmp_path / "killed", KILLS)
    alone, _ = finals(searched, tmp_path / "alone", 0)
    assert kills == KILLS
    for name in ("finals", "frames"):
        assert rows(store, name) == rows(alone, name)
    assert table.summary(store, "s") == table.summary(alone, "s")
    ended = queries.read(alone, "finals", "s").to_pylist()
    assert set(runs.looks(ended).values()) == {1}
    assert {row["entrant"] for row in ended} > {"start", "supervised"}
