"""Many runs in one bank, without Ray: each is the run that it would be alone.

Ray, lost banks and whole searches are in `cluster/test_banks.py`.
"""

import asyncio
import dataclasses
import math
import threading
import time
from collections.abc import Sequence

import pytest

from harness.definition.job import Job
from harness.worker import process_bank, train_runner, watchdog
from harness.worker.banks import bank_server
from harness.worker.banks.bank_server import BankServer
from harness.worker.train_runner import TrainRunner


CHANGES = (
    {},
    {"losses.posterior": 3.0, "joint.learning_rate": 0.002},
    {"labelled_ratio": 0.5, "seed": 4, "losses.kl": 0.1},
)
"""What sets three runs apart."""

NOISE = 1e-7
"""Relative difference of a stacked run's figures in float64."""


@pytest.fixture
def server(data, tmp_path):
    """A bank of three rows."""
    opened = BankServer(data, "cpu", 3, str(tmp_path / "bank"))
    yield opened
    opened._place.close()
    watchdog.PROCESS.close()


async def trained(server: BankServer, job: Job, epochs: int = 99) -> list:
    """The reports of a run in a bank, up to its last or to so many."""
    await server.fill(job.trial, job)
    found = []
    while len(found) < epochs and not (found and (found[-1].last or found[-1].failure)):
        found.append(await server.advance(job.trial))
    return found


def alone(job: Job) -> list:
    """The reports of the same run in a bank of its own."""
    folder = job.checkpoints + "-alone"
    solo, found = TrainRunner(dataclasses.replace(job, checkpoints=folder)), []
    while not (found and found[-1].last):
        found.append(solo.advance())
    return found


def figures(report) -> dict[str, float]:
    """All numbers of a report, but no times."""
    final = {n: v for n, v in report.final.items() if isinstance(v, float)}
    return {**report.terms, **report.metrics, **final}


def assert_same_run(found: list, wanted: list) -> None:
    """Every epoch of two runs tells the same, but for rounding."""
    assert [(r.stage, r.epoch) for r in found] == [(r.stage, r.epoch) for r in wanted]
    for mine, other in zip(found, wanted, strict=True):
        assert figures(mine) == pytest.approx(figures(other), rel=NOISE, abs=1e-6)


class TestLanes:
    def test_three_runs_together_are_those_that_they_are_alone(self, server, make_job):
        """Figures of every epoch agree; they did train together."""
        jobs = [make_job(f"t-{n}", change) for n, change in enumerate(CHANGES)]

        async def together() -> Sequence[list]:
            return await asyncio.gather(*(trained(server, job) for job in jobs))

        every = asyncio.run(together())
        for job, found in zip(jobs, every, strict=True):
            assert_same_run(found, alone(job))
            assert found[-1].pictures is not None
            assert found[-1].final["frames"] > 0
        assert max(server._place.sizes) == 3

    def test_a_lane_that_diverges_harms_nobody(self, server, make_job):
        """Its figures are no numbers; its neighbour's are those of its own run."""
        wild = make_job("t-wild", {"joint.learning_rate": 1e300})
        calm = make_job("t-calm")

        async def together() -> Sequence[list]:
            return await asyncio.gather(trained(server, wild, 4), trained(server, calm))

        lost, sound = asyncio.run(together())
        assert not all(map(math.isfinite, figures(lost[-1]).values()))
        assert_same_run(sound, alone(calm))

    def test_a_stopped_lane_is_filled_again_while_another_goes_on(
        self, server, make_job
    ):
        """One client runs two epochs of one run, then all of the next."""
        stopped, second = make_job("t-1"), make_job("t-2", CHANGES[1])
        steady = make_job("t-3", {"joint.epochs": 6})

        async def client() -> list:
            await trained(server, stopped, 2)
            await server.free(stopped.trial)
            return await trained(server, second)

        async def together() -> Sequence[list]:
            return await asyncio.gather(client(), trained(server, steady))

        refilled, went_on = asyncio.run(together())
        assert_same_run(refilled, alone(second))
        assert_same_run(went_on, alone(steady))

    def test_a_client_that_comes_no_more_holds_nobody_up(self, server, make_job):
        """A lane is waited for once; its place is let go when its lease ends."""

        async def together() -> Sequence[list]:
            await trained(server, make_job("t-gone"), 1)
            return await trained(server, make_job("t-here"))

        start_s = time.monotonic()
        assert len(asyncio.run(together())) == 6
        assert time.monotonic() - start_s < 60


class TestFailures:
    def test_a_run_without_memory_is_refused_and_the_others_go_on(
        self, server, make_job
    ):
        """The report says why; no exception, because another try would end the same."""
        vast = make_job("t-vast", {"networks.pose_hidden": 10**12})
        small = make_job("t-small")

        async def together() -> Sequence[list]:
            return await asyncio.gather(trained(server, vast), trained(server, small))

        (refused,), sound = asyncio.run(together())
        assert refused.failure.startswith("out of memory: ")
        assert refused.failure.endswith(", at the start.")
        assert sound[-1].last

    def test_a_client_that_is_silent_loses_its_place(
        self, server, make_job, monkeypatch
    ):
        """A bank counts it no more after its lease; one that waits is not silent."""

        async def counts() -> list:
            await server.fill("waits", make_job("t-waits", {"vae.steps": 300}))
            await server.fill("silent", make_job("t-silent"))
            await server.advance("silent")
            report = asyncio.ensure_future(server.advance("waits"))
            found: list = [await server.lanes()]
            await asyncio.sleep(0.3)
            monkeypatch.setattr(bank_server, "LEASE_S", 0.2)
            found.append(await server.lanes())
            assert not report.done()
            found.append((await report).stage)
            found.append(await server.advance("silent"))
            return found

        assert asyncio.run(counts()) == [2, 1, "vae", None]


class TestTheWatchdog:
    """It hears of a bank as a whole."""

    def test_a_run_that_waits_does_not_hide_one_that_hangs(
        self, server, make_job, tmp_path, monkeypatch
    ):
        """Two runs need one pre-training; the one that trains it stands still."""
        shared = {"stages": str(tmp_path / "stages"), "search": "s"}
        two = {"vae.epochs": 2}
        jobs = [dataclasses.replace(make_job(n, two), **shared) for n in ("t-1", "t-2")]
        bank = process_bank.bank(jobs[0].data, "cpu", 3)
        advance, begun, hold = bank.advance, threading.Event(), threading.Event()

        def hanging(lanes, beat):
            if lanes[0].epoch == 1:
                begun.set()
                assert hold.wait(60)
            return advance(lanes, beat)

        said: list[str] = []
        monkeypatch.setattr(bank, "advance", hanging)
        monkeypatch.setattr(watchdog.PROCESS, "at", said.append)

        async def both() -> list:
            for job in jobs:
                await server.fill(job.trial, job)
            assert (await server.advance("t-1")).stage == "vae"
            second = asyncio.ensure_future(server.advance("t-2"))
            while not (said and said[-1].startswith("waiting for s/t-1 to train vae")):
                await asyncio.sleep(0.05)
            first = asyncio.ensure_future(server.advance("t-1"))
            await asyncio.to_thread(begun.wait, 60)
            said.clear()
            await asyncio.sleep(1.0)  # five looks at the claim
            assert not second.done()
            hidden = list(said)
            hold.set()
            assert [(await r).stage for r in (first, second)] == ["vae", "gan"]
            return hidden

        assert asyncio.run(both()) == []


class TestCheckpoints:
    def test_a_run_that_comes_again_goes_on_from_what_was_reported(
        self, server, make_job, monkeypatch
    ):
        """A new client, after any epoch, ends in the figures of the whole run."""
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
        job = make_job("t-1")
        whole = alone(job)

        async def twice(epochs: int) -> list:
            mine = make_job(f"t-{epochs}")
            await server.fill("first", mine)
            seen = [await server.advance("first") for _ in range(epochs)]
            again = await trained(server, mine)
            return [seen, again]

        for epochs in (1, 3, 4):
            seen, rest = asyncio.run(twice(epochs))
            first, last = (
                (rest[0].stage, rest[0].epoch),
                (seen[-1].stage, seen[-1].epoch),
            )
            assert first == last  # the report of the last epoch had not been stored
            assert figures(rest[-1]) == pytest.approx(figures(whole[-1]), rel=NOISE)

    def test_who_had_the_run_before_has_it_no_more(self, server, make_job):
        """The client that was given up has no lane at its next call."""

        async def stolen() -> list:
            await server.fill("old", make_job("t-1"))
            await server.advance("old")
            await server.fill("new", make_job("t-1"))
            return [await server.advance("old"), await server.advance("new")]

        old, new = asyncio.run(stolen())
        assert old is None
        assert new.stage == "vae"
