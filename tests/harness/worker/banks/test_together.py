"""The thread of a bank, asked directly."""

import threading
import time
from collections import deque
from concurrent.futures import Future

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


def test_an_epoch_that_cannot_be_told_of_ends_no_thread(make_job):
    """Whatever goes wrong in the bank's thread, who waits gets it, and it goes on."""
    job = make_job("t-1")
    bank = process_bank.bank(job.data, "cpu")

    class Broken:
        def advance(self, *_: object) -> list[str]:
            if given.popleft():
                raise SystemExit("a library ends the process")
            return []

    given = deque([False, True])
    place = Together(Broken, 2)
    lane = bank.lane(job.config)
    with pytest.raises(ValueError, match="shorter"):  # no report of the one lane
        answered(lambda: place.train(lane, lambda: None))
    with pytest.raises(SystemExit):
        answered(lambda: place.train(lane, lambda: None))
    assert place.look(lambda: "alive") == "alive"
    assert not place._working
    place.close()


def answered(ask):
    """What a question gives, which must come soon."""
    answer: Future = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(20)
