"""SIGKILL of the driver at random moments: nothing is lost, doubled or begun again.

With one worker the search must end as one that was left alone. With several it depends
on who reports first, so there every decision is made again from the rows before it.
Two kills of each by default; `CROSSNETS_KILLS=50 pytest tests/test_chaos.py` (that is
`make chaos`) makes fifty of a search that is as much longer.
"""

import json
import os
import random
import runpy
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from crossnets import SearchOptions
from harness import policies
from harness.driver.deciding import audit
from harness.prepare import prepare
from results import Store, queries


pytestmark = pytest.mark.ray

KILLS = int(os.environ.get("CROSSNETS_KILLS", "2"))
TRIALS = max(8, 2 * KILLS)
DRIVER = Path(__file__).parent / "chaos" / "driver.py"
LONGEST_S = 120
"""Of one driver between two rows: no moment to kill it came."""
SEVERAL = 3
"""Workers of the search with several open trials."""

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

    def __init__(self, folder: Path, workers: int) -> None:
        """Start it on the store of a folder."""
        self.acknowledged = folder / "acknowledged"
        words = [DRIVER, folder / "runs", self.acknowledged, TRIALS, workers]
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


WORKERS = [1, SEVERAL] if "CROSSNETS_CHAOS" in os.environ else [1]
"""Of the searches; `tests/harness/test_policies.py` has one with several, not killed."""


@pytest.fixture(scope="module", params=WORKERS)
def killed(request, tmp_path_factory):
    """A search whose driver was killed again and again."""
    folder, workers = tmp_path_factory.mktemp("killed"), request.param
    draw, kills = random.Random(20261122), 0
    while kills < KILLS:
        if not Driver(folder, workers).killed(draw):
            break
        kills += 1
    code = Driver(folder, workers).process.wait(timeout=40 * TRIALS)
    assert code == 0, (folder / "log").read_text()
    return folder, kills, workers


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Store:
    """A search with one worker that was left alone, even by Ray."""
    return runpy.run_path(str(DRIVER))["alone"](tmp_path_factory.mktemp("a"), TRIALS)


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

    def test_no_stored_decision_is_contradicted(self, killed):
        """A fresh decider, told the rows in their order, does what every row says.

        So whoever was killed meanwhile, it proposes, pauses, promotes and ends the same.
        """
        folder, _, workers = killed
        store = Store.open(folder / "runs")
        options = SearchOptions(
            trials=TRIALS, concurrency=workers, **runpy.run_path(str(DRIVER))["OPTIONS"]
        )
        prepared = prepare("s", options, folder / "runs" / "cache")
        policy = policies.restored(prepared, store)
        samples = {name: trial.proposal for name, trial in policy.trials.items()}
        rows = [store.rows(name, "s").to_pylist() for name in ("trials", "reports")]
        found = audit.contradiction(policies.decider(prepared), samples, *rows)
        assert found is None
        assert policy.finished

    def test_a_trial_that_was_told_to_wait_reports_no_more(self, killed):
        """Until it is promoted; and one that is complete came to its last epoch."""
        folder, *_ = killed
        store = Store.open(folder / "runs")
        rows = [*store.rows("trials", "s").to_pylist()]
        rows += store.rows("reports", "s").to_pylist()
        rows.sort(key=lambda row: (row["driver_epoch"], row["seq"]))
        waiting, promoted = set(), 0
        for row in rows:
            if row.get("event") == "promoted":
                waiting.remove(row["trial"])
                promoted += 1
            elif "event" not in row:
                assert row["trial"] not in waiting
            elif row["event"] == "paused":
                waiting.add(row["trial"])
            elif row["state"] == "completed":
                assert row["epoch"] == 4
        assert waiting
        assert promoted

    def test_several_trials_were_open_at_a_kill(self, killed):
        """Otherwise the search with several workers would show nothing more."""
        folder, _, workers = killed
        rows = Store.open(folder / "runs").rows("trials", "s").to_pylist()
        again = Counter(r["driver_epoch"] for r in rows if r["event"] == "resumed")
        assert (max(again.values()) > 1) == (workers > 1)


@pytest.mark.parametrize("killed", [1], indirect=True)
@pytest.mark.parametrize("name", ["trials", "reports"])
def test_the_tables_equal_those_of_the_search_left_alone(killed, alone, name):
    """Configurations, ends, reasons and every figure, to the last bit."""
    folder, *_ = killed
    assert table(Store.open(folder / "runs"), name) == table(alone, name)
