"""The policy of the finals, driven without Ray."""

import json
from pathlib import Path

import pytest

from cnets.presets import preset
from harness.driver.deciding.finals_policy import Entry, FinalsPolicy
from harness.driver.recording.recorder import Recorder
from results import Store, queries


@pytest.fixture
def trial():
    """A row of `trials`, as the search has stored it."""
    return {
        "trial": "t-00003",
        "labelled_ratio": 0.5,
        "epoch": 9,
        "objective_mm": 11.0,
        "origin": "random",
        "config_json": json.dumps(preset("tiny").replace({"losses.kl": 0.5}).flat()),
    }


@pytest.fixture
def events():
    """What was told of each run: its name, and its report."""
    return []


@pytest.fixture
def policy(driven, trial, events):
    """The finals of one trial over the seeds 8 and 9."""
    return FinalsPolicy(
        [Entry(trial, 8), Entry(trial, 9)],
        "mean_joint_error_mm",
        Recorder(driven.writer, "small_space", "test"),
        lambda run, report: events.append((run.proposal.trial, report)),
    )


def test_a_seed_is_that_of_labels_and_weights_alike(policy):
    """Each run has the trial's values under its own seed; then there is none."""
    proposals = [policy.propose(), policy.propose()]
    assert [p.trial for p in proposals] == ["t-00003-s8", "t-00003-s9"]
    for proposal, seed in zip(proposals, (8, 9), strict=True):
        config = proposal.config
        assert config.losses.kl == 0.5
        assert (config.seed, config.label_seed) == (seed, seed)
    assert policy.propose() is None


def test_a_trial_of_before_a_field_was_removed(driven, trial):
    """Its run has the values of today's fields, which a worker can set."""
    stored = json.loads(trial["config_json"]) | {"joint.fast": 0}
    old = Entry(trial | {"config_json": json.dumps(stored)}, 8)
    recorder = Recorder(driven.writer, "small_space", "test")
    policy = FinalsPolicy([old], "mean_joint_error_mm", recorder)
    proposal = policy.propose()
    assert proposal is not None
    assert proposal.config == preset("tiny").replace(
        {"losses.kl": 0.5, "seed": 8, "label_seed": 8}
    )


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_trial_of_a_golden_store(driven, version):
    """What an earlier version stored is a configuration of today."""
    golden = Path(__file__).parents[3] / "results" / "golden" / version / "store"
    rows = queries.read(Store.open(golden), "trials", "alpha").to_pylist()
    recorder = Recorder(driven.writer, "small_space", "test")
    entries = [Entry(row, 8) for row in rows[:2]]
    policy = FinalsPolicy(entries, "mean_joint_error_mm", recorder)
    while policy.propose() is not None:
        pass
    found = [run.proposal.config.losses.kl for run in policy.runs.values()]
    assert found == [0.5, 0.25]


def test_a_run_goes_on_to_its_last_epoch_and_is_stored_then(
    policy, driven, make_report, events
):
    """A bad error stops nothing; the figures on the test split become a row."""
    name = policy.propose().trial
    going = policy.report(name, {"report": make_report(8, 99.0)})
    assert going.action == "continue"
    final = {"frames": 10, "mean_joint_error_mm": 12.0, "per_joint_mm": [12.0]}
    done = policy.report(name, {"report": make_report(9, 11.5, final=final)})
    assert (done.action, done.state) == ("stop", "completed")
    driven.writer.flush()
    (row,) = queries.read(driven.store, "finals", "s").to_pylist()
    assert (row["trial"], row["final_seed"]) == ("t-00003", 8)
    assert (row["mean_joint_error_mm"], row["search_mm"]) == (12.0, 11.0)
    assert row["validation_mm"] == 11.5
    told = [None if report is None else report.step for _, report in events]
    assert told == [None, 8, 9]
    assert {run for run, _ in events} == {name}


def test_scores_are_compared_like_with_like(driven, trial, make_report):
    """The search's objective beside itself, and only after as many epochs."""
    recorder = Recorder(driven.writer, "small_space", "test")
    entries = [Entry(trial, 8), Entry(trial | {"trial": "t-00004", "epoch": 3}, 8)]
    policy = FinalsPolicy(entries, "median_joint_error_mm", recorder)
    final = {"frames": 10, "mean_joint_error_mm": 12.0}
    for _ in entries:
        name = policy.propose().trial
        policy.report(name, {"report": make_report(9, 11.0, final=final)})
    driven.writer.flush()
    rows = queries.read(driven.store, "finals", "s").to_pylist()
    assert [row["validation_mm"] for row in rows] == [5.5, 5.5]
    assert [row["search_mm"] for row in rows] == [11.0, None]


def test_a_run_that_used_up_its_retries_has_no_figures(policy, driven, events):
    """It ends as crashed, with the reason, no row is stored, and each is told."""
    name = policy.propose().trial
    policy.retried(name, "The worker died.")
    policy.crashed(name, "It died again.")
    run = policy.runs[name]
    assert events == [(name, None)] * 3
    assert (run.state, run.reason, run.attempt) == ("crashed", "It died again.", 2)
    driven.writer.flush()
    assert queries.read(driven.store, "finals", "s").num_rows == 0
