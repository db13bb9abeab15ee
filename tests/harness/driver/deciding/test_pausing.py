"""Waiting trials, promotions, the end game and the budget, by hand and rebuilt."""

import math

import numpy as np
import pytest

from harness.definition.rungs import Rungs
from harness.driver.deciding.pausing import PausingDecider
from harness.driver.deciding.proposals import Proposals
from harness.driver.deciding.rules import Promotion
from search_spaces import Real, Space, Whole


SPACE = Space("s", {"x": Real(0.0, 1.0), "y": Real(0.0, 1.0)}, {"x": 0.5, "y": 0.5})
RUNGS = Rungs(grace=2, eta=2, max_step=8, factor=2)


def made(trials=4, ratios=(1.0,), space=SPACE, rungs=RUNGS, sampler="random"):
    """A decider that knows nothing."""
    decider = PausingDecider(rungs, ratios, Proposals(space, ratios, 0, sampler))
    decider.budget_epochs = trials * rungs.max_step
    return decider


def start(decider):
    """What a free place does, told as done: the trial's name; None for nothing."""
    chosen = decider.next()
    if chosen is None:
        return None
    if isinstance(chosen, Promotion):
        decider.became(chosen.trial, "running")
    else:
        decider.proposed(chosen)
    return chosen.trial


def train(decider, trial, values, first=1):
    """Report values from a step on; what was decided on the last of them."""
    for step, value in enumerate(values, start=first):
        decider.reported(trial, step, value)
        decision = decider.verdict(trial)
        if decision.action != "continue":
            decider.became(trial, decision.state)
            break
    return decision


class TestRungs:
    def test_a_trial_waits_at_a_rung(self):
        """With its rank, and what would have gone on: the best of two with `eta` 2."""
        decider = made()
        train(decider, start(decider), [9.0, 7.0])
        decision = train(decider, start(decider), [9.0, 8.0])
        assert (decision.action, decision.state) == ("pause", "paused")
        assert (decision.rung, decision.rank, decision.peers) == (2, 2, 2)
        assert decision.cutoff == 7.0

    def test_the_first_goes_on_to_its_end(self):
        """It is the only one at each rung, however bad it is; the second waits."""
        decider = made()
        decision = train(decider, start(decider), [9.0] * 8)
        assert (decision.action, decision.state) == ("stop", "completed")
        decision = train(decider, start(decider), [9.0] * 8)
        assert (decision.action, decision.rank, decision.peers) == ("pause", 2, 2)

    def test_proposals_see_the_only_one_where_it_was_so(self):
        """Trained to its end it is behind a second one that is better at the rung."""
        decider = made()
        train(decider, start(decider), [9.0] * 8)
        train(decider, start(decider), [9.0, 8.0])
        assert list(decider.history.standings()[1]) == [0.75, 0.25]

    def test_who_went_on_as_the_best_is_ahead_of_those_before_its_rung(self):
        """Whatever it had at the deeper rung; one of the others had a better value."""
        decider = made()
        train(decider, start(decider), [9.0] * 8)
        train(decider, start(decider), [9.0, 8.0, 9.5, 9.5])
        train(decider, start(decider), [9.0, 7.5])
        assert list(decider.history.standings()[1] * 6) == [5.0, 1.0, 3.0]

    def test_it_says_that_it_goes_on_as_the_only_one(self):
        """With the numbers of its rung."""
        decider = made()
        decision = train(decider, start(decider), [9.0, 8.0])
        assert (decision.action, decision.rank, decision.peers) == ("continue", 1, 1)
        assert decision.cutoff == 8.0
        assert decision.reason == (
            "Rank 1 of 1 at epoch 2 with 8: it goes on, as the best 1 do."
        )

    def test_the_next_to_be_taken_up_goes_on_at_once(self):
        """It keeps its place, and the decision says why."""
        decider = made()
        train(decider, start(decider), [9.0, 8.0])
        decision = train(decider, start(decider), [9.0, 7.0])
        assert (decision.action, decision.rank, decision.cutoff) == ("continue", 1, 7.0)
        assert decision.reason == (
            "Rank 1 of 2 at epoch 2 with 7: it goes on, as the best 1 do."
        )

    def test_who_waits_is_taken_up_when_others_are_worse(self):
        """The second of three was no better than the best one; of four two go on."""
        decider = made()
        train(decider, start(decider), [9.0, 6.0])
        second = start(decider)
        train(decider, second, [9.0, 7.0])
        for _ in range(2):
            assert decider.next().trial not in decider.history.trials
            train(decider, start(decider), [9.0, 8.0])
        chosen = decider.next()
        assert chosen.trial == second
        assert (chosen.decision.rank, chosen.decision.peers) == (2, 4)

    def test_asking_changes_nothing(self):
        """Twice the same answer, for trials and for proposals."""
        decider = made()
        assert decider.next() == decider.next()
        train(decider, start(decider), [9.0, 8.0])
        assert decider.next() == decider.next()

    def test_a_step_that_comes_again_counts_once(self):
        """Nor does the trial wait again where it went on."""
        decider = made()
        train(decider, start(decider), [9.0, 8.0])
        trial = start(decider)
        train(decider, trial, [9.0, 7.0, 6.0])
        spent = decider.spent_epochs
        assert train(decider, trial, [9.0, 7.0]).action == "continue"
        assert decider.spent_epochs == spent == 5


class TestBudget:
    def test_the_end_game_finishes_the_best_by_their_last_value(self):
        """And starts nothing new, when a quarter is left."""
        decider = made(trials=2)  # 16 epochs, the last 4 of which are the end game
        names = []
        for value in (9.0, 5.0, 8.0, 7.0, 6.0):
            decider.reported(name := _new(decider), 1, 10.0)
            decider.reported(name, 2, value)
            decider.became(name, "paused")
            names.append(name)
        _new(decider)
        decider.reported("t-00006", 1, 10.0)  # 11 spent, and 1 until its rung
        chosen = decider.next()
        assert (chosen.trial, chosen.decision.rank) == (names[1], 1)
        assert "the last of the budget" in chosen.decision.reason

    def test_what_runs_is_counted_as_spent(self):
        """Nothing starts that the budget has no room for."""
        decider = made(trials=4, rungs=Rungs(grace=8, eta=2, max_step=8))
        places = 0
        while start(decider) is not None:
            places += 1
        assert places == 3  # each has eight epochs to its end; then a quarter is left

    @pytest.mark.parametrize("ratios", [(1.0,), (0.1, 1.0)])
    def test_no_more_run_at_once_than_there_are_trainings(self, ratios):
        """Of all ratios together; a place is free again when a trial waits or ends."""
        decider = made(trials=4, ratios=ratios)
        running = [start(decider) for _ in range(5)]
        assert running[4] is None
        assert None not in running[:4]
        decider.became(running[0], "crashed")
        assert start(decider) is not None
        assert start(decider) is None
        decider.budget_epochs = 5 * RUNGS.max_step
        assert start(decider) is not None

    def test_where_trials_are_counted_all_may_run_at_once(self):
        """However few trainings they are worth."""
        decider = made()
        decider.want(6)
        assert decider.budget_epochs < 6 * RUNGS.max_step
        assert None not in [start(decider) for _ in range(6)]
        assert start(decider) is None

    def test_what_runs_when_it_is_spent_ends_at_its_next_report(self):
        """Cancelled, unless it reaches its end."""
        decider = made(trials=1)
        trial = start(decider)
        decider.budget_epochs = 0
        decision = train(decider, trial, [9.0])
        assert (decision.action, decision.state) == ("stop", "cancelled")

    def test_a_larger_budget_opens_the_search_again(self):
        """Trials that waited are taken up."""
        decider = made(trials=1)
        while (trial := start(decider)) is not None:
            train(decider, trial, [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0], 1)
        assert decider.next() is None
        decider.budget_epochs = 24
        assert decider.next() is not None

    def test_ratios_get_equal_budgets(self):
        """The one that has spent least is next, and no rung is shared."""
        decider, spent = made(trials=8, ratios=(0.1, 1.0)), {0.1: 0, 1.0: 0}
        random = np.random.default_rng(0)
        while (trial := start(decider)) is not None:
            seen = decider.history.trials[trial]
            before = len(seen.curve)
            values = 10 * random.random(8 - before)
            train(decider, trial, values, before + 1)
            spent[seen.sample.ratio] += len(seen.curve) - before
        assert sum(spent.values()) == decider.spent_epochs
        assert spent[0.1] == pytest.approx(32, abs=7)
        assert spent[1.0] == pytest.approx(32, abs=7)

    def test_a_space_without_more_is_finished(self):
        """Its trials are trained to their ends."""
        decider = made(trials=9, space=Space("w", {"n": Whole(1, 3)}, {"n": 2}))
        while (trial := start(decider)) is not None:
            step = decider.history.trials[trial].step
            train(decider, trial, [5.0] * (8 - step), step + 1)
        states = [seen.state for seen in decider.history.trials.values()]
        assert states == ["completed"] * 3
        assert decider.is_exhausted


class TestFailures:
    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_what_is_not_finite_ends(self, value):
        """And leaves the rungs."""
        decider = made()
        first = start(decider)
        train(decider, first, [9.0, 1.0])
        decider.became(first, "running")
        assert train(decider, first, [value], 3).state == "diverged"
        assert train(decider, start(decider), [9.0, 8.0]).peers == 1

    @pytest.mark.parametrize("state", ["crashed", "cancelled", "collapsed"])
    def test_others_leave_the_rungs_too(self, state):
        """Also while they wait."""
        decider = made()
        first = start(decider)
        train(decider, first, [9.0, 1.0])
        decider.became(first, state)
        assert train(decider, start(decider), [9.0, 8.0]).peers == 1


def _new(decider):
    """A new trial, whoever waits."""
    sample = decider._proposals.propose(1.0)
    decider.proposed(sample)
    return sample.trial


def test_a_rebuilt_decider_answers_as_the_old_one():
    """Told the same facts at any moment, with five trials open and the model's draws."""
    rungs = Rungs(grace=1, eta=3, max_step=9, factor=2)

    def fresh():
        return made(12, (0.5, 1.0), SPACE, rungs, "model")

    decider, facts, running = fresh(), [], {}
    random = np.random.default_rng(3)
    while True:
        while len(running) < 5 and (chosen := decider.next()) is not None:
            fact = (
                ("became", chosen.trial, "running")
                if isinstance(chosen, Promotion)
                else ("proposed", chosen)
            )
            facts.append(fact)
            getattr(decider, fact[0])(*fact[1:])
            running[chosen.trial] = decider.history.trials[chosen.trial].step
        if not running:
            break
        trial = list(running)[random.integers(len(running))]
        running[trial] += 1
        values = decider.history.trials[trial].sample.values
        value = values["x"] + 1 / running[trial]
        facts.append(("reported", trial, running[trial], value))
        decider.reported(*facts[-1][1:])
        decision = decider.verdict(trial)
        if decision.action != "continue":
            facts.append(("became", trial, decision.state))
            decider.became(*facts[-1][1:])
            del running[trial]
        if random.random() < 0.08:
            again = fresh()
            for name, *words in facts:
                getattr(again, name)(*words)
            assert again.next() == decider.next()
    origins = [seen.sample.origin for seen in decider.history.trials.values()]
    assert origins.count("model") > 5
    assert decider.spent_epochs == pytest.approx(12 * 9, abs=9)
