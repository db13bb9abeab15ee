"""What the store of a search holds."""

from pathlib import Path

import pytest

from results import queries


@pytest.fixture
def table():
    """Gives the newest rows of a table of a search."""
    return newest


@pytest.fixture
def groups():
    """Gives the lines of a search's journal: rows that were synced together."""
    return lines


def newest(driven, name):
    """The newest rows of a table."""
    driven.writer.flush()
    if name == "trials":
        return queries.wide(driven.store, "s").to_pylist()
    return queries.read(driven.store, name, "s").to_pylist()


def lines(driven):
    """Lines of the journal: rows that were synced together."""
    (journal,) = Path(driven.store.storage.root).glob("journal/s/*.jsonl")
    return journal.read_text().splitlines()
