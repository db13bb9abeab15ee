"""`crossnets why`: everything that it prints can be checked by hand."""

import dataclasses
import json
import math
from collections import defaultdict

import numpy as np
import pytest

from cnets import presets
from harness.commands import cli
from harness.commands.searches import why
from harness.definition.rungs import Rungs
from harness.driver.deciding import deciders
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.recording.recorder import Recorder
from results import Store


RULES = {"objective": "mean_joint_error_mm", "eta": 3.0, "scheduler": "pause"}
RUNGS = Rungs(grace=1, eta=3, max_step=9, factor=2)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search with three places, some failures and the model's proposals."""
    return tmp_path_factory.mktemp("why")


@pytest.fixture
def finished(searched, make_header, small_space, make_report):
    """The store of that search."""
    store = Store.open(searched, create=True)
    if "s" in store.searches():
        return store
    store.create_search(dataclasses.replace(make_header(14), rules=RULES))
    with store.writer("s") as writer:
        policy = SearchPolicy(
            space=small_space,
            ratios=(0.5, 1.0),
            seed=7,
            base=presets.preset("tiny"),
            decider=deciders.make(
                "pause",
                "model",
                rungs=RUNGS,
                space=small_space,
                ratios=(0.5, 1.0),
                seed=7,
                trials=None,
                budget_epochs=14 * RUNGS.max_step,
            ),
            objective="mean_joint_error_mm",
            recorder=Recorder(writer, small_space.name, "test"),
            watch=lambda *_: None,
        )
        random, running = np.random.default_rng(0), []
        while True:
            while len(running) < 3 and (proposal := policy.propose()) is not None:
                running.append(proposal.trial)
            if not running:
                break
            name = running[random.integers(len(running))]
            step = (policy.trials[name].step or 0) + 1
            kl = policy.trials[name].proposal.values["losses.kl"]
            error = 20 + abs(math.log(kl / 2)) + 5 / step + random.random()
            told = {"report": make_report(step, math.nan if kl > 8 else error)}
            if policy.report(name, told).action != "continue":
                running.remove(name)
        writer.flush()
    return store


def rows(store, table):
    """All rows of a table, in the order in which they were written."""
    found = store.rows(table, "s").to_pylist()
    return sorted(found, key=lambda row: (row["driver_epoch"], row["seq"]))


def test_every_decision_follows_from_printed_numbers(finished):
    """Rank, peers and cutoff are those of the reports; the rule gives the action."""
    numbers = {row["trial"]: row["number"] for row in rows(finished, "trials")}
    told = defaultdict(list)
    for table in ("reports", "decisions", "trials"):
        for row in rows(finished, table):
            told[row["seq"]].append((table, row))
    reached: dict[tuple[float, int], dict[str, float]] = defaultdict(dict)
    checked, actions = 0, set()
    stories = {trial: why.story(finished, "s", trial) for trial in numbers}
    places = dict.fromkeys(numbers, 0)
    for seq in sorted(told):
        for table, row in told[seq]:
            trial, ratio = row["trial"], row["labelled_ratio"]
            if table == "reports" and math.isfinite(row["objective_mm"]):
                if row["epoch"] in RUNGS.steps():
                    reached[ratio, row["epoch"]][trial] = row["objective_mm"]
            elif table == "trials" and row["state"] == "diverged":
                for values in reached.values():
                    values.pop(trial, None)
            elif table == "decisions":
                printed = stories[trial]["decisions"][places[trial]]
                places[trial] += 1
                check(printed, reached[ratio, printed["rung"]], trial, numbers)
                actions.add(printed["action"])
                checked += 1
    assert checked == sum(len(s["decisions"]) for s in stories.values()) > 60
    assert actions == {"pause", "promote", "continue"}


def check(printed, values, trial, numbers):
    """One printed decision against the values that the rung knew."""
    order = sorted(values, key=lambda name: (values[name], numbers[name]))
    keep = 1 if len(order) == 1 else math.floor(len(order) / RULES["eta"])
    assert printed["value_mm"] == values[trial]
    assert (printed["rank"], printed["peers"]) == (1 + order.index(trial), len(order))
    assert printed["keep"] == keep
    assert printed["cutoff_mm"] == (values[order[keep - 1]] if keep else None)
    if printed["action"] == "pause":
        waits = printed["rank"] > keep or "goes first" in printed["reason"]
        assert waits or "for those that run" in printed["reason"]
    else:
        assert printed["rank"] <= keep or "the last of the budget" in printed["reason"]


def test_a_story_has_an_origin_and_an_end(finished):
    """Every trial waits or has ended; one of the model has its expectation."""
    origins = set()
    for row in rows(finished, "trials"):
        told = why.story(finished, "s", row["trial"])
        origins.add(told["origin"])
        has_score = told["expected_score"] is not None
        assert has_score == (told["origin"] == "model")
        assert told["events"][0]["event"] == "proposed"
        assert told["events"][-1]["state"] == told["state"]
        assert told["state"] in ("paused", "completed", "diverged", "cancelled")
        assert "losses.kl" in told["parameters"]
    assert origins == {"start", "random", "model"}


def test_it_is_printed(finished, capsys):
    """As text and as JSON."""
    trial = next(r["trial"] for r in rows(finished, "decisions") if r["rank"] == 1)
    words = ["why", "s", trial, "--store", str(finished.storage.root)]
    assert cli.run(words) == cli.DONE
    shown = capsys.readouterr().out
    assert f"{trial} of s is" in shown
    assert "At the rungs" in shown
    assert cli.run([*words, "--format", "json"]) == cli.DONE
    assert json.loads(capsys.readouterr().out)["trial"] == trial


def test_an_unknown_trial_is_refused(finished, capsys):
    """One sentence and exit code 2."""
    words = ["--store", str(finished.storage.root)]
    assert cli.run(["why", "s", "t-99999", *words]) == cli.USAGE
    assert "`trial` must be one of s, got 't-99999'" in capsys.readouterr().err


def test_a_stopped_search_is_told_too(driven):
    """Rounded up, as nobody waits; its old header may not say so."""
    driven.run()
    driven.writer.flush()
    told = why.story(driven.store, "s", "t-00005")
    assert {row["keep"] for row in told["decisions"]} == {None}
    assert [why.keep(peers, {"eta": 3}) for peers in (1, 3, 4)] == [1, 1, 2]
    assert [why.keep(p, RULES) for p in (1, 2, 3, 6)] == [1, 0, 1, 2]
