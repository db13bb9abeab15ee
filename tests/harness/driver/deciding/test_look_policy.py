"""The policy of a look at the test split, driven without Ray."""

import json
import math

import numpy as np
import pytest

from harness.driver.deciding.look_policy import LookPolicy
from harness.driver.recording.recorder import Recorder


ERRORS = np.array([[1.0, 3.0], [np.nan, 5.0], [np.nan, np.nan]], np.float32)
"""Errors of two joints in three frames."""


@pytest.fixture
def ended(make_field):
    """Rows of two runs that have ended, at two ratios."""
    field = make_field(0.5, {"t-1": 0.1}) + make_field(1.0, {"start": 1.0})
    return [
        {
            "entrant": entrant.name,
            "trial": entrant.trial,
            "labelled_ratio": entrant.ratio,
            "labelled_frames": 20,
            "final_seed": 8,
            "state": "completed",
            "reason": "",
            "validation_mm": 11.0,
            "search_mm": entrant.search_mm,
            "wall_time_s": 60.0,
            "config_json": json.dumps(entrant.seeded(8).flat()),
        }
        for entrant in field
    ]


@pytest.fixture
def look(driven, ended):
    """The first look at one ratio and the second at the other."""
    recorder = Recorder(driven.writer, "small_space", "test")
    return LookPolicy(ended, {0.5: 1, 1.0: 2}, recorder=recorder)


@pytest.fixture
def tested(epoch):
    """The report of a tested run."""
    figures = {"frames": 3, "mean_joint_error_mm": 3.0, "vae_floor_mm": 1.5}
    return {"report": epoch(2, 11.0, final=figures, test_errors_mm=ERRORS)}


def test_every_run_is_tested_as_it_was_trained(look, ended):
    """Names, ratios, seeds and configurations are those of the rows."""
    proposals = [look.propose(), look.propose()]
    assert look.propose() is None
    assert [p.trial for p in proposals] == ["t-1-s8", "start-1-s8"]
    for proposal, row in zip(proposals, ended, strict=True):
        assert proposal.config.flat() == json.loads(row["config_json"])
        assert proposal.ratio == row["labelled_ratio"]
    assert (look.wanted, look.finished) == (2, False)


def test_nothing_is_stored_before_all_are_tested(look, driven, table, tested):
    """Neither figures nor frames; a look that is broken off leaves no row."""
    first, second = look.propose().trial, look.propose().trial
    assert look.report(first, tested).state == "completed"
    look.crashed(second, "It died.")
    assert not look.finished
    assert look.runs[second].state == "crashed"
    with pytest.raises(ValueError, match="`runs` must all be tested, 1 are not"):
        look.store()
    assert table(driven, "finals") == table(driven, "frames") == []


def test_a_look_is_stored_whole(look, driven, table, tested):
    """A row a run, with the look of its ratio, and what was known of it."""
    for name in (look.propose().trial, look.propose().trial):
        assert table(driven, "finals") == []
        look.report(name, tested)
    assert look.finished
    look.store()
    start, trial = table(driven, "finals")
    assert (start["entrant"], start["look"]) == ("start", 2)
    assert (trial["entrant"], trial["look"], trial["trial"]) == ("t-1", 1, "t-1")
    assert (trial["split"], trial["frames"], trial["epoch"]) == ("test", 3, 2)
    assert (trial["mean_joint_error_mm"], trial["vae_floor_mm"]) == (3.0, 1.5)
    assert (trial["validation_mm"], trial["search_mm"]) == (11.0, 19.0)
    assert (trial["state"], trial["wall_time_s"]) == ("completed", 60.0)


def test_a_frame_is_a_row_by_hand(look, driven, table, tested):
    """Mean over the joints that are known; none where no joint is."""
    for name in (look.propose().trial, look.propose().trial):
        look.report(name, tested)
    look.store()
    rows = [row for row in table(driven, "frames") if row["entrant"] == "t-1"]
    assert [row["frame"] for row in rows] == [0, 1, 2]
    assert [row["mean_joint_error_mm"] for row in rows] == [2.0, 5.0, None]
    assert rows[0]["per_joint_mm"] == [1.0, 3.0]
    assert math.isnan(rows[1]["per_joint_mm"][0])
    assert rows[1]["per_joint_mm"][1] == 5.0
    assert {(row["look"], row["split"], row["final_seed"]) for row in rows} == {
        (1, "test", 8)
    }


def test_a_run_whose_networks_are_lost_trains_until_its_end(look, epoch, tested):
    """Epochs before the last are waited for; a worker that died counts as one more."""
    name = look.propose().trial
    assert look.report(name, {"report": epoch(1, 30.0)}).action == "continue"
    assert look.retried(name, "The worker died.")
    assert look.runs[name].attempt == 2
    assert look.report(name, tested).action == "stop"


def test_a_run_that_cannot_be_tested(look, epoch):
    """A failure that another try would repeat ends it as crashed."""
    name = look.propose().trial
    failed = {"report": epoch(1, 30.0, failure="No memory.")}
    assert look.report(name, failed).state == "crashed"
    assert (look.runs[name].reason, look.finished) == ("No memory.", False)


def test_each_event_is_told(ended, driven, tested):
    """Whoever watches hears of the beginning and the end of every run."""
    told = []
    recorder = Recorder(driven.writer, "small_space", "test")
    look = LookPolicy(
        ended, {0.5: 1, 1.0: 1}, recorder=recorder, watch=lambda r, _: told.append(r)
    )
    name = look.propose().trial
    look.report(name, tested)
    assert [run.proposal.trial for run in told] == [name, name]
