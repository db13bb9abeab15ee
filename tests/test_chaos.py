"""SIGKILL of the driver at random moments: nothing is lost, doubled or begun again.

Five kills by default; `CROSSNETS_KILLS=50 pytest tests/test_chaos.py` (that is
`make chaos`) makes fifty of a search that is as much longer.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from results import Store, queries


pytestmark = pytest.mark.ray

KILLS = int(os.environ.get("CROSSNETS_KILLS", "5"))
TRIALS = max(8, 2 * KILLS)
DRIVER = Path(__file__).parent / "chaos" / "driver.py"
LONGEST_S = 120
"""Of one driver between two rows: no moment to kill it came."""

TIMES = {
    "time_utc",
    "wall_time_s",
    "seconds",
    "driver_epoch",
    "seq",
    "attempt",
    "event",
}
"""Columns of `trials` and `reports` in which a search that was killed may differ."""


class Driver:
    """A driver that can be killed."""

    def __init__(self, folder: Path) -> None:
        """Start it on the store of a folder."""
        self.acknowledged = folder / "acknowledged"
        words = [DRIVER, folder / "runs", self.acknowledged, TRIALS]
        with (folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *map(str, words)], stdout=log, stderr=log
            )

    def rows(self) -> list[list]:
        """The rows that any driver of the folder has seen acknowledged."""
        if not self.acknowledged.exists():
            return []
        lines = self.acknowledged.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def killed(self, draw: random.Random) -> bool:
        """Kill it a moment after some row; False if the search ended before."""
        wanted = len(self.rows()) + draw.randrange(0, 9)
        start_s = time.monotonic()
        while len(self.rows()) < wanted and time.monotonic() - start_s < LONGEST_S:
            if self.process.poll() is not None:
                return False
            time.sleep(0.02)
        try:
            self.process.wait(timeout=draw.uniform(0.0, 0.5))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return True
        return False


def table(store: Store, name: str) -> dict[tuple, dict]:
    """The newest rows by trial and step, without what may differ."""
    rows = queries.read(store, name, "s").to_pylist()
    found = {
        (row["trial"], row["epoch"] if name == "reports" else None): {
            column: value for column, value in row.items() if column not in TIMES
        }
        for row in rows
    }
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A search whose driver was killed again and again, and one left alone."""
    alone = tmp_path_factory.mktemp("alone")
    undisturbed = Driver(alone)
    folder = tmp_path_factory.mktemp("killed")
    draw, kills = random.Random(20261122), 0
    while kills < KILLS:
        driver = Driver(folder)
        if not driver.killed(draw):
            break
        kills += 1
    code = Driver(folder).process.wait(timeout=40 * TRIALS)
    assert code == 0, (folder / "log").read_text()
    assert undisturbed.process.wait(timeout=40 * TRIALS) == 0
    return folder, kills, Store.open(alone / "runs")


class TestKilledDrivers:
    def test_it_was_killed_that_often(self, killed):
        """The search did not end before the last kill."""
        _, kills, _ = killed
        assert kills == KILLS

    def test_no_acknowledged_row_is_lost(self, killed):
        """Each is in the store, by table, epoch and sequence number, once."""
        folder, *_ = killed
        store = Store.open(folder / "runs")
        lines = (folder / "acknowledged").read_text().split("\n")[:-1]
        seen = Counter(tuple(json.loads(line)[:3]) for line in lines)
        assert len(seen) > 5 * TRIALS
        stored = Counter(
            (name, row["driver_epoch"], row["seq"])
            for name in ("trials", "parameters", "reports", "decisions")
            for row in store.rows(name, "s").to_pylist()
        )
        assert max(stored.values()) == 1
        assert not seen - stored

    def test_no_trial_begins_again_in_silence(self, killed):
        """Each was proposed once; every later attempt was said to be a resumption."""
        folder, *_ = killed
        events = Store.open(folder / "runs").rows("trials", "s").to_pylist()
        proposed = Counter(r["trial"] for r in events if r["event"] == "proposed")
        assert set(proposed.values()) == {1}
        assert len(proposed) == TRIALS
        attempts = {r["trial"]: r["attempt"] for r in events}
        for trial, attempt in attempts.items():
            said = {
                r["attempt"]
                for r in events
                if r["trial"] == trial and r["event"] == "resumed"
            }
            assert said == set(range(2, attempt + 1))
        assert max(attempts.values()) > 1

    def test_reports_that_came_twice_say_the_same(self, killed):
        """A step that was trained again after a kill has the same numbers."""
        folder, *_ = killed
        rows = Store.open(folder / "runs").rows("reports", "s").to_pylist()
        by_step: dict[tuple, set] = {}
        for row in rows:
            plain = {k: v for k, v in row.items() if k not in TIMES}
            by_step.setdefault((row["trial"], row["epoch"]), set()).add(str(plain))
        assert all(len(found) == 1 for found in by_step.values())

    @pytest.mark.parametrize("name", ["trials", "reports"])
    def test_the_tables_equal_those_of_the_search_left_alone(self, killed, name):
        """Configurations, ends, reasons and every figure, to the last bit."""
        folder, _, undisturbed = killed
        assert table(Store.open(folder / "runs"), name) == table(undisturbed, name)
