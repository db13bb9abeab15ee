"""A search on a line, for proposals and for what they learn from, and finals."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from harness.definition.trial import TrialRecord, name_of
from harness.driver.deciding.sampler import propose
from search_spaces import OneOf, Real, Space


RATIOS = (0.1, 0.5, 1.0)


LINE = Space(
    "line",
    {"x": Real(0.0, 1.0), "labelled_ratio": OneOf(RATIOS)},
    {"x": 0.25, "labelled_ratio": 1.0},
)


@pytest.fixture
def line() -> Space:
    """A space of one number and three labelled ratios."""
    return LINE


@pytest.fixture(scope="session")
def finals_world() -> ModuleType:
    """The module `finals_world.py`, which is in no package that a test could import."""
    path = Path(__file__).with_name("finals_world.py")
    spec = importlib.util.spec_from_file_location("finals_world", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def make_world(finals_world):
    """Makes a world in which finals run."""
    return finals_world.World


@pytest.fixture
def make_field(finals_world):
    """Makes the entrants of a ratio from their weights."""
    return finals_world.field_of


@pytest.fixture
def epoch(finals_world):
    """Makes the report of an epoch of a final run."""
    return finals_world.epoch_of


@pytest.fixture
def make_record():
    """Makes a trial at `x` that reported `values` at steps 1, 2, ..."""
    return record


@pytest.fixture
def make_history():
    """Makes trials of the line whose error is the distance from 0.7, in mm."""
    return history


@pytest.fixture
def guided():
    """Gives the x of the first proposals that come from TPE."""
    return learned


def record(number, x, state="completed", *values, ratio=1.0):
    """A trial at `x` that reported `values` at steps 1, 2, ..."""
    return TrialRecord(
        trial=name_of(number),
        number=number,
        ratio=ratio,
        values={"x": x},
        state=state,
        curve=tuple(enumerate(values, start=1)),
    )


def history(length, *, ratios=RATIOS, state="completed"):
    """Trials of the line whose error is the distance from 0.7, in mm."""
    records = []
    for number in range(1, length + 1):
        proposal = propose(LINE, ratios, 0, number, [])
        x = proposal.values["x"]
        error = 1 + abs(x - 0.7)
        records.append(record(number, x, state, error, ratio=proposal.ratio))
    return records


def learned(records, count=12):
    """The x of the first `count` proposals that come from TPE."""
    numbers = range(len(records) + 1, len(records) + 1 + 3 * count)
    proposals = [propose(LINE, (1.0,), 3, number, records) for number in numbers]
    return [p.values["x"] for p in proposals if p.origin == "tpe"][:count]
