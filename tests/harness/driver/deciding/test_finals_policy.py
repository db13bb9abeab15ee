"""The policy of the finals, driven without Ray."""

import json
import math
import random
from collections import Counter

import pytest

from cnets.findings import Finding
from harness.driver.deciding.finals_policy import FinalsPolicy
from harness.driver.recording.recorder import Recorder
from results import queries


SEEDS = (8, 9, 10, 11, 12)

LEVELS = {"t-1": 20.0, "t-2": 60.0, "start": 22.0, "supervised": 70.0}
"""Errors of entrants, without what a seed does to all of them."""


def errors(key):
    """The entrant's level, the seed's part for all, and a little of its own."""
    ratio, name, seed = key
    own = (seed * 7 + len(name) * 3) % 5 / 10
    return LEVELS[name] + 10 * ratio + seed % 4 + own


@pytest.fixture
def entrants(make_field):
    """Two trials, the start and the baseline at one ratio."""
    return make_field(0.5, dict.fromkeys(LEVELS, 0.5) | {"t-1": 0.25, "t-2": 1.0})


def ends(world, name):
    """State, error and reason of each seed of an entrant."""
    return {
        seed: (row["state"], row["validation_mm"], row["reason"])
        for (_, entrant, seed, _), row in sorted(world.rows.finals.items())
        if entrant == name
    }


class TestSeeds:
    def test_are_those_of_labels_and_weights_alike(self, make_world, entrants):
        """In a round every entrant has its own values and the same two seeds."""
        policy = make_world(errors).policy(entrants, SEEDS)
        proposals = [policy.propose() for _ in entrants]
        assert [p.trial for p in proposals] == [
            "t-1-s8",
            "t-2-s8",
            "start-0_5-s8",
            "supervised-0_5-s8",
        ]
        assert [p.config.losses.kl for p in proposals] == [0.25, 1.0, 0.5, 0.5]
        assert {(p.config.seed, p.config.label_seed) for p in proposals} == {(8, 8)}
        assert {p.config.labelled_ratio for p in proposals} == {0.5}
        assert [p.origin for p in proposals] == ["random"] * 2 + ["start"] * 2

    def test_a_round_begins_when_the_one_before_has_ended(self, make_world, entrants):
        """Three of four have ended: nobody runs with the next seed yet."""
        world = make_world(errors)
        policy = world.policy(entrants, SEEDS)
        names = [policy.propose().trial for _ in entrants]
        assert policy.propose() is None
        for name in names[:-1]:
            world.report(policy, name, 2)
            assert policy.propose() is None
        world.report(policy, names[-1], 2)
        assert policy.propose().trial == "t-1-s9"
        assert not policy.finished

    def test_ratios_take_turns_by_their_rounds(self, make_world, make_field):
        """The ratio that is furthest behind begins the next run."""
        both = make_field(0.5, {"start": 1.0}) + make_field(1.0, {"start": 1.0})
        world = make_world(errors)
        policy = world.policy(both, SEEDS[:3])
        first, second = policy.propose().trial, policy.propose().trial
        assert (first, second) == ("start-0_5-s8", "start-1-s8")
        world.report(policy, second, 2)
        assert policy.propose().trial == "start-1-s9"
        world.report(policy, first, 2)
        world.report(policy, "start-1-s9", 2)
        assert policy.propose().trial == "start-0_5-s9"
        assert policy.wanted == 6

    def test_that_have_ended_do_not_run_again(self, make_world, entrants):
        """A policy on the rows of all runs has nothing to propose."""
        world = make_world(errors)
        assert world.drive(world.policy(entrants, SEEDS), random.Random(0))
        again = world.policy(entrants, SEEDS)
        assert again.propose() is None
        assert (again.finished, again.wanted, again.runs) == (True, 0, {})


class TestTheRace:
    def test_drops_a_finalist_with_its_rival_in_the_row(self, make_world, entrants):
        """After three seeds 40 mm tell; two runs are saved, and rows say why."""
        world = make_world(errors)
        assert world.drive(world.policy(entrants, SEEDS), random.Random(0))
        found = ends(world, "t-2")
        assert [state for state, *_ in found.values()] == ["completed"] * 3 + [
            "dropped"
        ] * 2
        reason = "Clearly worse than t-1 after 3 seeds."
        assert [found[seed][2] for seed in SEEDS[3:]] == [reason] * 2
        dropped = world.rows.finals[0.5, "t-2", 11, 0]
        assert (dropped["look"], dropped["frames"], dropped["trial"]) == (0, 0, "t-2")
        assert "t-2-s11" not in world.began

    def test_never_drops_what_others_are_compared_with(self, make_world, entrants):
        """The baseline is 50 mm worse and runs to its last seed, as the start does."""
        levels = LEVELS | {"start": 90.0}
        world = make_world(lambda key: errors(key) + levels[key[1]])
        assert world.drive(world.policy(entrants, SEEDS), random.Random(0))
        for name in ("start", "supervised"):
            states = {state for state, *_ in ends(world, name).values()}
            assert states == {"completed"}

    def test_does_not_begin_with_too_few_seeds(self, make_world, entrants):
        """Of three seeds none is saved."""
        world = make_world(errors)
        assert world.drive(world.policy(entrants, SEEDS[:3]), random.Random(0))
        assert len(world.began) == 12

    def test_one_that_is_out_stays_out(self, make_world, entrants):
        """More seeds make the test stricter, and take nobody up again."""
        world = make_world(errors)
        assert world.drive(world.policy(entrants, SEEDS), random.Random(0))
        for row in world.rows.finals.values():
            if row["entrant"] == "t-2" and row["state"] != "dropped":
                row["validation_mm"] = 20.0 + row["final_seed"]
        assert world.drive(world.policy(entrants, range(8, 16)), random.Random(0))
        later = ends(world, "t-2")
        assert {later[seed][0] for seed in range(11, 16)} == {"dropped"}


class TestEnds:
    def test_a_run_that_completes(self, make_world, entrants, epoch):
        """A bad error stops nothing; the last epoch's figures become a row."""
        world = make_world(errors)
        policy = world.policy(entrants, SEEDS)
        name = policy.propose().trial
        assert policy.report(name, {"report": epoch(1, 990.0)}).action == "continue"
        assert world.rows.finals == {}
        done = policy.report(name, {"report": epoch(2, 11.5)})
        assert (done.action, done.state) == ("stop", "completed")
        ((key, row),) = world.rows.finals.items()
        assert key == (0.5, "t-1", 8, 0)
        assert (row["validation_mm"], row["mean_joint_error_mm"]) == (11.5, 11.5)
        assert (row["split"], row["frames"], row["epoch"]) == ("validation", 6, 2)
        assert (row["labelled_frames"], row["search_mm"]) == (20, 19.0)
        assert (row["wall_time_s"], row["node"]) == (3.0, "here")
        assert json.loads(row["config_json"]) == policy.runs[name].proposal.values

    def test_a_number_that_is_none(self, make_world, entrants, epoch):
        """The run ends at once, without figures; the next round does not wait."""
        world = make_world(errors)
        policy = world.policy(entrants[:1], SEEDS)
        name = policy.propose().trial
        done = policy.report(name, {"report": epoch(1, math.nan)})
        assert (done.action, done.state) == ("stop", "diverged")
        ((state, error, reason),) = ends(world, "t-1").values()
        assert (state, math.isnan(error)) == ("diverged", True)
        assert reason == "`mean_joint_error_mm` was nan after epoch 1 of stage joint."
        assert world.rows.finals[0.5, "t-1", 8, 0]["frames"] == 0
        assert policy.propose().trial == "t-1-s9"

    def test_a_collapse_at_the_end(self, make_world, entrants):
        """The run has figures, and a sentence that says what happened."""
        world = make_world(errors, collapsing=[(0.5, "t-1", 8)])
        policy = world.policy(entrants, SEEDS)
        world.report(policy, policy.propose().trial, 2)
        ((state, error, reason),) = ends(world, "t-1").values()
        assert (state, error) == ("collapsed", errors((0.5, "t-1", 8)))
        assert reason == (
            "posterior collapse: `active_units` was 0, below 1 for 1 epoch, after "
            "epoch 2 of stage joint."
        )

    def test_a_collapse_on_the_way_that_is_over_at_the_end(
        self, make_world, entrants, epoch
    ):
        """It counts for nothing: a run taken up after it would not know of it."""
        finding = Finding(
            rule="mode collapse",
            state="collapsed",
            figure="image_spread_ratio",
            value=0.0,
            limit=0.1,
            epochs=1,
        )
        policy = make_world(errors).policy(entrants, SEEDS)
        name = policy.propose().trial
        early = policy.report(name, {"report": epoch(1, 30.0, finding=finding)})
        assert early.action == "continue"
        assert policy.report(name, {"report": epoch(2, 20.0)}).state == "completed"

    def test_a_crash(self, make_world, entrants, epoch):
        """A row with the reason; the next driver tries it again, and only it."""
        world = make_world(errors)
        policy = world.policy(entrants[:1], SEEDS[:2])
        name = policy.propose().trial
        assert policy.retried(name, "The worker died.")
        assert policy.runs[name].attempt == 2
        failed = policy.report(name, {"report": epoch(1, 9.0, failure="No memory.")})
        assert (failed.action, failed.state) == ("stop", "crashed")
        assert ends(world, "t-1") == {8: ("crashed", None, "No memory.")}
        assert world.rows.finals[0.5, "t-1", 8, 0]["attempt"] == 2
        world.report(policy, policy.propose().trial, 2)
        assert (policy.propose(), policy.finished) == (None, True)
        again = world.policy(entrants[:1], SEEDS[:2])
        assert (again.finished, again.wanted) == (False, 1)
        assert again.propose().trial == name
        world.report(again, name, 2)
        assert (again.propose(), again.finished) == (None, True)
        states = [state for state, *_ in ends(world, "t-1").values()]
        assert states == ["completed", "completed"]

    def test_fit_the_table_and_each_event_is_told(self, driven, entrants, epoch):
        """Rows of every state are taken by the store; the watcher hears of each."""
        told = []
        policy = FinalsPolicy(
            entrants[:3],
            SEEDS[:1],
            known=(),
            objective="mean_joint_error_mm",
            frames=6,
            labels={0.5: 20},
            recorder=Recorder(driven.writer, "small_space", "test"),
            watch=lambda run, report: told.append((run.proposal.trial, report)),
        )
        first, second, third = (policy.propose().trial for _ in range(3))
        policy.report(first, {"report": epoch(2, 12.0)})
        policy.report(second, {"report": epoch(1, math.nan)})
        policy.crashed(third, "It died.")
        driven.writer.flush()
        rows = queries.read(driven.store, "finals", "s").to_pylist()
        found = {row["entrant"]: row["state"] for row in rows}
        assert found == {"t-1": "completed", "t-2": "diverged", "start": "crashed"}
        assert {row["code_version"] for row in rows} == {"test"}
        assert Counter(name for name, _ in told) == {first: 2, second: 2, third: 2}
        assert [r is not None for _, r in told] == [False] * 3 + [True, True, False]


DIVERGING = (0.5, "t-3", 9)
FAILING = {
    "crashing": [(1.0, "t-5", 10), (0.5, "t-2", 9)],
    "collapsing": [(1.0, "t-4", 8)],
}
"""Runs that do not complete; `t-2` is dropped after its crash as well."""


@pytest.fixture
def contest(make_field):
    """Entrants at two ratios: two finalists are bad, others fail with a seed."""
    return make_field(
        0.5, {"t-1": 0.1, "t-2": 0.2, "t-3": 0.3, "start": 1.0, "supervised": 1.0}
    ) + make_field(1.0, {"t-4": 0.1, "t-5": 0.2, "t-6": 0.3, "start": 1.0})


def contested(key):
    """Errors of the contest."""
    levels = {"t-2": 60.0, "t-6": 70.0, "supervised": 80.0}
    if key == DIVERGING:
        return math.nan
    return levels.get(key[1], 20.0) + random.Random(str(key)).random()


def test_any_order_and_any_interruption_give_the_same_rows(make_world, contest):
    """Killed at random moments, with one to five slots, and taken up from the rows."""
    whole = make_world(contested, **FAILING)
    assert whole.drive(whole.policy(contest, SEEDS), random.Random(0))
    expected = whole.rows.text()
    states = Counter(row["state"] for row in whole.rows.finals.values())
    assert states == {
        "completed": 38,
        "dropped": 3,
        "crashed": 2,
        "diverged": 1,
        "collapsed": 1,
    }
    for case in range(8):
        draw = random.Random(case)
        world = make_world(contested, **FAILING)
        done = False
        while not done:
            # Every third driver lives to the end, so that the finals end.
            until = draw.randrange(60) if draw.random() < 2 / 3 else None
            policy = world.policy(contest, SEEDS)
            done = world.drive(policy, draw, slots=draw.randint(1, 5), until=until)
        assert policy.finished
        assert world.rows.text() == expected, f"case {case}"
