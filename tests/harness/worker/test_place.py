"""Where a run trains: what the bank of a process gives, and what it does to it."""

import dataclasses

import torch

from cnets.training.bank import Bank
from harness.worker import watchdog
from harness.worker.place import Own
from harness.worker.train_runner import TrainRunner


def test_one_thread_is_used(job):
    """Sums depend on the number of threads, so it is always one."""
    torch.set_num_threads(2)
    TrainRunner(job)
    assert torch.get_num_threads() == 1


def test_an_epoch_is_that_of_the_bank(job):
    """Report and weights are those of any bank on the same data, asked for one lane."""
    place = Own(job)
    bank = Bank(place.bank.data, "cpu")
    lane, twin = bank.lane(job.config), bank.lane(job.config)
    beats = []
    report = place.train(lane, lambda: beats.append(1))
    (wanted,) = bank.advance([twin], lambda: None)
    assert (report.stage, report.epoch, report.terms) == ("vae", 1, wanted.terms)
    assert len(beats) == job.config.vae.steps
    for name, weights in twin.flat.items():
        assert torch.equal(lane.flat[name], weights), name


def test_other_rows_are_another_bank(job):
    """A run that repeats a lane trains in stacks of as many rows as that lane did."""
    alone, stacked = Own(job), Own(dataclasses.replace(job, rows=2))
    assert alone.bank is not stacked.bank
    assert alone.bank.data.fingerprint == stacked.bank.data.fingerprint


def test_a_look_gives_what_the_function_gives(job):
    """It is called once, at once."""
    calls = []
    assert Own(job).look(lambda: calls.append(1) or "seen") == "seen"
    assert calls == [1]


def test_the_watchdog_is_told_what_a_run_waits_for(job, monkeypatch):
    """Its place becomes that of the process's watchdog."""
    monkeypatch.setattr(watchdog.PROCESS, "where", "")
    Own(job).waits("waiting for s/t-00009")
    assert watchdog.PROCESS.where == "waiting for s/t-00009"
