import pytest

from harness.driver.display import last_driver
from results import Store
from results.format import records


@pytest.fixture
def store(driven) -> Store:
    """A search whose writer is closed."""
    driven.writer.close()
    return driven.store


def test_a_driver_that_cannot_be_looked_up_is_named(store, capsys):
    """One on another host, without an end: its process, its host and the way on."""
    facts = {"host": "far", "pid": 7, "started": None, "time_utc": "2026-01-01"}
    store.storage.create("drivers/s/0000009.json", records.encode(facts))
    last_driver.announce(store, "s")
    told = capsys.readouterr().err
    assert told.startswith("s: process 7 on far did not end it in order; waiting up to")
    assert "--takeover" in told


def test_nothing_is_said_where_nothing_is_waited_for(store, capsys):
    """The last driver has ended in order."""
    last_driver.announce(store, "s")
    assert capsys.readouterr().err == ""
