"""A client of a bank, with the bank and its keeper on a local Ray.

Whole searches in banks are in `test_banks.py`.
"""

import gc
import os
import signal
import time

import pytest
import ray

from cnets import presets
from harness.cluster import banks, connection, lane_client
from harness.cluster.lane_client import LaneRunner
from harness.definition.data_choice import DataChoice
from harness.definition.job import Plan


pytestmark = pytest.mark.ray

SHORT = presets.preset("tiny").replace(
    {
        "networks.joints": 21,
        "vae.epochs": 1,
        "vae.steps": 3,
        "gan.epochs": 1,
        "gan.steps": 2,
        "joint.epochs": 2,
        "joint.steps": 2,
        "gan.batch_size": 8,
        "joint.batch_size": 8,
    }
)


@pytest.fixture(scope="module", autouse=True)
def _ray():
    """One local cluster for the whole file."""
    with connection.cluster(cpus=1):
        yield


@pytest.fixture
def plan(tmp_path) -> Plan:
    """Runs of a second or two in one bank of two lanes."""
    cache = str(tmp_path / "cache")
    plan = Plan(
        data=DataChoice(spec="synthetic:40", side_px=32, split=None, cache=cache),
        checkpoints=str(tmp_path / "checkpoints"),
        search="s",
    )
    with banks.opened(plan, SHORT, 2, devices=1, concurrency=2):
        yield plan
        gc.collect()  # a client that is dropped later would begin another Ray


def only_bank():
    """The bank that there is."""
    keeper = ray.get_actor(lane_client.keeper_name("s"))
    (bank,) = ray.get(keeper.banks.remote())
    return bank


def test_a_run_is_told_epoch_by_epoch(plan):
    """Every epoch of every stage comes once, and the last one says so."""
    runner = LaneRunner(plan.job("t-00001", SHORT))
    reports = [runner.advance()]
    while not reports[-1].last:
        reports.append(runner.advance())
    places = [(report.stage, report.epoch) for report in reports]
    stages = ("vae", 1), ("gan", 1), ("warm_up", 1), ("joint", 1), ("joint", 2)
    assert places == list(stages)


def test_a_client_that_is_dropped_frees_its_lane(plan):
    """A bank has one client less as soon as nobody refers to the runner."""
    first, second = (LaneRunner(plan.job(f"t-0000{n}", SHORT)) for n in (1, 2))
    bank = only_bank()
    assert ray.get(bank.lanes.remote()) == 2
    del first
    gc.collect()
    until_s = time.monotonic() + 20
    while ray.get(bank.lanes.remote()) != 1:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert second.advance().stage == "vae"


def test_a_lost_bank_is_an_error_and_the_next_client_gets_another(plan):
    """The error says that the process has ended; the run goes on in a new bank."""
    job = plan.job("t-00001", SHORT)
    runner = LaneRunner(job)
    assert runner.advance().stage == "vae"
    os.kill(ray.get(only_bank().pid.remote()), signal.SIGKILL)
    with pytest.raises(RuntimeError, match=r"bank of this lane was lost: its process"):
        runner.advance()
    assert LaneRunner(job).advance().stage in ("vae", "gan")
