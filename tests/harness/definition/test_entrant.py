"""Entrants of the finals."""

import dataclasses

import pytest

from cnets.presets import preset
from harness.definition.entrant import Entrant


TRIAL = Entrant(name="t-00003", ratio=0.5, config=preset("tiny"), trial="t-00003")


def test_every_run_has_its_own_name():
    """A trial has one ratio; what is fixed runs at all of them."""
    start = dataclasses.replace(TRIAL, name="start")
    half, tenth = start, dataclasses.replace(start, ratio=0.025)
    assert TRIAL.run(8) == "t-00003-s8"
    assert half.run(8) == "start-0_5-s8"
    assert tenth.run(9) == "start-0_025-s9"


@pytest.mark.parametrize(
    ("name", "is_fixed"), [("t-00003", False), ("start", True), ("supervised", True)]
)
def test_what_others_are_compared_with_is_fixed(name, is_fixed):
    """The start and the supervised baseline."""
    assert dataclasses.replace(TRIAL, name=name).is_fixed == is_fixed


def test_a_seed_takes_the_place_of_both_seeds():
    """Labels and weights; nothing else changes."""
    assert TRIAL.seeded(8) == preset("tiny").replace({"seed": 8, "label_seed": 8})
