"""Asking a driver that is not there, goes, or does not look; `test_inbox` has answers."""

import threading

import pytest

from harness.driver import asking
from results.writing import requests


def test_a_search_that_nobody_drives(driven):
    """Nothing is asked, and nothing is left for the next driver."""
    driven.writer.close()
    before = driven.store.storage.list("drivers")
    assert asking.ask(driven.store, "s", {"kind": "stop"}) is None
    assert driven.store.storage.list("drivers") == before


def test_a_search_that_is_not_there(driven):
    """It is named with those that are."""
    with pytest.raises(ValueError, match=r"one of s in the store .*, got 'x'"):
        asking.ask(driven.store, "x", {"kind": "stop"})


def test_a_driver_that_goes_without_an_answer(driven):
    """The wish is taken back, so that no other driver finds it."""
    ender = threading.Timer(0.3, driven.writer.close)
    ender.start()
    assert asking.ask(driven.store, "s", {"kind": "stop"}) is None
    ender.join()
    epoch = driven.writer.driver_epoch
    assert requests.pending(driven.store.storage, "s", epoch) == []


def test_a_driver_that_does_not_look(driven):
    """There is a sentence after a while, and the wish stands."""
    with pytest.raises(TimeoutError, match="Asked, and not taken yet: process"):
        asking.ask(driven.store, "s", {"kind": "stop"}, wait_s=0.2)
    epoch = driven.writer.driver_epoch
    assert len(requests.pending(driven.store.storage, "s", epoch)) == 1
