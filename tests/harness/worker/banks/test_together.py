"""The thread of a bank, asked directly."""

import threading
import time

import pytest

from harness.worker import process_bank, watchdog
from harness.worker.banks.together import Together


def test_a_lane_whose_epoch_fails_leaves_the_others_as_they_were(make_job):
    """Two lanes ask; one lacks a network, the other gets its report."""
    job = make_job("t-1")
    bank = process_bank.bank(job.data, "cpu")
    place = Together(lambda: bank, 2)
    good, bad, wanted = (bank.lane(job.config) for _ in range(3))
    del bad.flat["encoder"]
    failures: list[Exception] = []

    def ask() -> None:
        try:
            place.train(bad, lambda: None)
        except KeyError as error:
            failures.append(error)

    hold = threading.Event()
    asked = threading.Thread(target=lambda: place.look(hold.wait))
    asked.start()
    other = threading.Thread(target=ask)
    other.start()
    while not place._wishes:
        time.sleep(0.01)
    threading.Timer(0.2, hold.set).start()
    found = place.train(good, lambda: None)
    other.join(20)
    place.close()
    (expected,) = bank.advance([wanted])
    assert found.terms == expected.terms
    assert len(failures) == 1


def test_a_bank_that_waits_for_another_one_lives(monkeypatch):
    """Nothing is trained here; somebody else's work takes its time."""
    said: list[str] = []
    monkeypatch.setattr(watchdog.PROCESS, "at", said.append)
    place = Together(lambda: pytest.fail("no bank is needed"), 2)
    place.waits("waiting for s/t-9 to train vae 12345678")
    place.close()
    assert said == ["waiting for s/t-9 to train vae 12345678"]
