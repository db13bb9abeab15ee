"""Searches whose lanes are in banks, on a local Ray: a table is that of any other run.

What a bank does with its lanes is in `worker/banks/test_bank_server.py`, what a
client of one does in `test_lane_client.py`.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import ray
from ray._private import state

from cnets.config import TrainConfig
from crossnets import SearchOptions, search
from harness import repeat
from harness.cluster import banks, connection
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job, Plan
from harness.worker.runner import Runner
from harness.worker.train_runner import TrainRunner
from results import Store, queries


SHORT = (
    "vae.epochs=1",
    "vae.steps=3",
    "gan.epochs=1",
    "gan.steps=2",
    "joint.epochs=3",
    "joint.steps=2",
    "gan.batch_size=8",
    "joint.batch_size=8",
    "health.patience_epochs=9",
)

SPACE = """
name = "rates"
[parameters."joint.learning_rate"]
kind = "one_of"
values = [1e-3, 2e-3, 1e300]
[parameters."losses.posterior"]
kind = "real"
low = 0.1
high = 10.0
log = true
[start]
"joint.learning_rate" = 1e-3
"losses.posterior" = 1.0
"""

TRIALS, LANES = 4, 2
"""Too few ended trials for a proposal to learn from: order decides nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the stores are."""
    return tmp_path_factory.mktemp("searches")


@pytest.fixture(scope="module")
def options(folder):
    """What every search does."""
    (folder / "rates.toml").write_text(SPACE)
    return SearchOptions(
        data="synthetic:40",
        space=str(folder / "rates.toml"),
        preset="tiny",
        set=SHORT,
        trials=TRIALS,
        concurrency=LANES,
        lanes=LANES,
        grace=3,  # nobody is stopped for a rank: that depends on who was first
    )


@pytest.fixture(scope="module")
def run(ray_address, folder, options):
    """Runs the search into a store of its own; gives the store."""

    def run(name: str, meanwhile: Callable[[Path], None] | None = None) -> Store:
        failures: list[Exception] = []

        def beside() -> None:
            assert meanwhile is not None
            try:
                meanwhile(folder / name)
            except Exception as error:
                failures.append(error)

        other = threading.Thread(target=beside)
        if meanwhile is not None:
            other.start()
        done = search(
            "s",
            options,
            store=folder / name,
            cache=folder / "cache",
            address=ray_address,
            device="cpu",
        )
        if meanwhile is not None:
            other.join(60)
        assert failures == []
        return done.store

    return run


@pytest.fixture(scope="module")
def undisturbed(run):
    """The search as it goes by itself."""
    return run("undisturbed")


def table(store: Store) -> list[tuple]:
    """Configuration, state and error of every trial, to the last bit."""
    rows = queries.read(store, "trials", "s").to_pylist()
    return sorted(
        (r["trial"], r["config_json"], r["state"], r["epoch"], str(r["objective_mm"]))
        for r in rows
    )


def wait_for(store: Path, pattern: str) -> None:
    """Return when a run has such a checkpoint."""
    until_s = time.monotonic() + 60
    while not list(store.glob(f"checkpoints/s/*/{pattern}/lane.json")):
        assert time.monotonic() < until_s, pattern
        time.sleep(0.02)


def kill_a_bank(store: Path) -> None:
    """End the process of the one bank once a run is at the joint stage."""
    wait_for(store, "at-3-*")
    keeper = ray.get_actor("crossnets-banks-s")
    (bank,) = ray.get(keeper.banks.remote())
    os.kill(ray.get(bank.pid.remote()), signal.SIGKILL)


def interrupt(store: Path) -> None:
    """Ctrl-C while lanes train."""
    wait_for(store, "at-2-*")
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.ray
class TestASearchInABank:
    def test_every_trial_ends_and_one_that_diverges_harms_nobody(self, undisturbed):
        """States are what each configuration gives; four trials went through two lanes."""
        rows = queries.wide(undisturbed, "s").to_pylist()
        assert len(rows) == TRIALS
        for row in rows:
            wild = row["joint.learning_rate"] > 1
            assert row["state"] == ("diverged" if wild else "completed")
        assert {row["state"] for row in rows} == {"diverged", "completed"}

    def test_a_lane_is_the_run_that_it_is_alone(self, undisturbed, tmp_path):
        """Errors of the joint epochs of a solo run, within the noise of float32."""
        row = queries.read(undisturbed, "trials", "s").to_pylist()[0]
        rows = queries.read(undisturbed, "reports", "s").to_pylist()
        stored = {
            r["epoch"]: r["objective_mm"] for r in rows if r["trial"] == row["trial"]
        }
        root = undisturbed.storage.root
        job = Job(
            trial="t-00001",
            config=TrainConfig().replace(json.loads(row["config_json"])),
            data=DataChoice(
                spec="synthetic:40",
                side_px=32,
                split=None,
                cache=str(root.parent / "cache"),
            ),
            checkpoints=str(tmp_path),
        )
        solo, errors_mm = TrainRunner(job), {}
        while len(errors_mm) < 3:
            report = solo.advance()
            if report.stage == "joint":
                errors_mm[report.step] = report.metrics["mean_joint_error_mm"]
        assert stored == pytest.approx(errors_mm, rel=1e-3)

    def test_train_repeats_a_lane_to_the_last_bit(self, undisturbed, tmp_path):
        """Alone among padding lanes, in stacks of as many rows as the bank's."""
        rows = queries.read(undisturbed, "trials", "s").to_pylist()
        done = next(r["trial"] for r in rows if r["state"] == "completed")
        again = repeat.stored(undisturbed.storage.root, f"s/{done}")
        assert again.rows == LANES
        reports = repeat.train(
            again.config,
            again.data,
            folder=tmp_path,
            until=again.step,
            rows=again.rows,
        )
        *_, last = reports
        assert last.metrics[again.objective] == again.objective_mm

    def test_its_lanes_are_its_own(self, undisturbed, options):
        """The same command without `--lanes` keeps them; others are refused."""
        where = {"store": undisturbed.storage.root, "device": "cpu"}
        where["cache"] = undisturbed.storage.root.parent / "cache"
        assert search("s", replace(options, lanes=None), **where).finished
        with pytest.raises(ValueError, match=r"lanes: 2 there, 3 now"):
            search("s", replace(options, lanes=3), **where)

    def test_a_killed_bank_changes_nothing_in_the_table(self, run, undisturbed):
        """Its trials went on in another bank, and the table is the same to the last bit."""
        store = run("killed", kill_a_bank)
        assert table(store) == table(undisturbed)
        rows = queries.read(store, "trials", "s").to_pylist()
        assert max(row["attempt"] for row in rows) > 1

    def test_an_interrupted_search_leaves_no_actor(self, run, ray_address):
        """After Ctrl-C neither keeper, bank nor client is alive."""
        store = run("interrupted", interrupt)
        states = {r["state"] for r in queries.read(store, "trials", "s").to_pylist()}
        assert states & {"pending", "running"}
        until_s = time.monotonic() + 20
        with connection.cluster(ray_address):
            while alive := [
                actor["ActorClassName"]
                for actor in state.actors().values()
                if actor["State"] != "DEAD"
            ]:
                assert time.monotonic() < until_s, alive
                time.sleep(0.2)


class Other(Runner):
    """Trains nothing."""

    def advance(self):
        """Never called."""
        raise NotImplementedError


class TestSeats:
    @pytest.mark.parametrize(
        ("lanes", "runner"),
        [(None, TrainRunner), (1, TrainRunner), ("auto", TrainRunner), (4, Other)],
    )
    def test_without_a_bank_on_processors(self, lanes, runner):
        """By default, with one lane, where auto says so, and for runners of tests."""
        plan = Plan(
            data=DataChoice(spec="none", side_px=32, split=None, cache=""),
            checkpoints="none",
        )
        options = SearchOptions(lanes=lanes)
        with banks.seats(plan, TrainConfig(), options, runner, devices=2) as seats:
            assert (seats.slots, seats.runner) == (2, runner)
            assert seats.resources is None
