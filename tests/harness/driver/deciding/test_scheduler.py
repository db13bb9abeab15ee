"""Early stopping by hand, and in whole searches against brute force."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from harness.definition.rungs import Rungs
from harness.driver.deciding.scheduler import Scheduler


class TestDecide:
    def test_by_hand(self):
        """At eta 3 the first goes on, then ranks up to 1, 1, 2, 2, 2, 3 do."""
        scheduler = Scheduler(Rungs(2, 3, 9))
        values = (5.0, 6.0, 4.0, 4.5, 4.4, 3.0, 4.2)
        found = [
            scheduler.decide(1.0, f"t{i}", 2, value) for i, value in enumerate(values)
        ]
        assert [(d.action, d.rank, d.peers, d.cutoff) for d in found] == [
            ("continue", 1, 1, 5.0),
            ("stop", 2, 2, 5.0),
            ("continue", 1, 3, 4.0),
            ("continue", 2, 4, 4.5),
            ("continue", 2, 5, 4.4),
            ("continue", 1, 6, 4.0),
            ("continue", 3, 7, 4.2),
        ]
        assert {d.rung for d in found} == {2}
        assert [d.state for d in found] == [None, "stopped"] + [None] * 5
        assert found[1].reason == (
            "Rank 2 of 2 at epoch 2, where the best 1 go on (up to 5): 6 stops."
        )

    def test_between_rungs(self):
        """Before the first rung and between rungs a bad trial goes on."""
        scheduler = Scheduler(Rungs(2, 3, 9))
        scheduler.decide(1.0, "good", 2, 1.0)
        for step in (1, 3, 5):
            decision = scheduler.decide(1.0, "good", step, 99.0)
            assert decision.action == "continue"
            assert decision.rung is None

    def test_first_report_after_a_rung(self):
        """A trial that skips the rung's step is compared at its next report."""
        scheduler = Scheduler(Rungs(2, 3, 9))
        scheduler.decide(1.0, "good", 2, 1.0)
        decision = scheduler.decide(1.0, "rare", 4, 2.0)
        assert (decision.action, decision.rung, decision.rank) == ("stop", 2, 2)

    def test_completed(self):
        """The last step completes a trial, however bad, and so does a later one."""
        scheduler = Scheduler(Rungs(1, 3, 3))
        assert scheduler.decide(1.0, "a", 3, 1.0).state == "completed"
        assert scheduler.decide(1.0, "b", 3, 9.0).state == "completed"
        decision = scheduler.decide(1.0, "c", 4, 9.0)
        assert (decision.action, decision.state) == ("stop", "completed")

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("step", [1, 2, 3, 9])
    def test_diverged(self, step, value):
        """No finite number stops at any step, the last one too, and is no peer."""
        scheduler = Scheduler(Rungs(2, 3, 9))
        decision = scheduler.decide(1.0, "bad", step, value)
        assert (decision.action, decision.state) == ("stop", "diverged")
        assert decision.reason == f"The objective was {value} after epoch {step}."
        assert scheduler.decide(1.0, "good", 2, 1.0).peers == 1

    def test_ratios_are_apart(self):
        """A trial is never compared with one of another labelled ratio."""
        scheduler = Scheduler(Rungs(2, 3, 9))
        scheduler.decide(1.0, "many", 2, 1.0)
        few = scheduler.decide(0.1, "few", 2, 30.0)
        assert (few.action, few.rank, few.peers) == ("continue", 1, 1)

    def test_ties_go_on(self):
        """Equal values share the best rank and none of them stops."""
        scheduler = Scheduler(Rungs(2, 3, 9))
        found = [scheduler.decide(1.0, f"t{i}", 2, 7.0) for i in range(9)]
        assert {d.action for d in found} == {"continue"}
        assert scheduler.decide(1.0, "worse", 2, 7.1).action == "stop"

    def test_reported_again(self):
        """A resumed trial gets its old decision and is counted once."""
        scheduler = Scheduler(Rungs(2, 3, 9))
        first = scheduler.decide(1.0, "a", 2, 5.0)
        scheduler.decide(1.0, "b", 2, 4.0)
        assert scheduler.decide(1.0, "a", 2, 5.0) is first
        assert scheduler.decide(1.0, "c", 2, 3.0).peers == 3

    def test_after_the_end(self):
        """A trial that was stopped stays stopped, whatever it still reports."""
        scheduler = Scheduler(Rungs(2, 3, 9))
        scheduler.decide(1.0, "a", 2, 4.0)
        end = scheduler.decide(1.0, "b", 2, 5.0)
        assert end.state == "stopped"
        assert scheduler.decide(1.0, "b", 3, 1.0) is end
        assert scheduler.decide(1.0, "b", 9, 1.0) is end

    def test_refuses(self):
        """A step before the first is refused."""
        with pytest.raises(ValueError, match="`step` must be 1 or more, got 0"):
            Scheduler(Rungs(2, 3, 9)).decide(1.0, "a", 0, 1.0)


def oracle(rungs, reports):
    """The rule again, from the list of all reports, by brute force."""
    ended, actions = set(), []
    for index, (ratio, trial, step, value) in enumerate(reports):
        if trial in ended or (ratio, trial, step) in {r[:3] for r in reports[:index]}:
            actions.append(None)
            continue
        stop = not math.isfinite(value) or step >= rungs.max_step
        if not stop and step in rungs.steps():
            past = reports[: index + 1]
            diverged = {t for _, t, _, v in past if not math.isfinite(v)}
            seen = [
                v
                for r, t, s, v in past
                if (r, s) == (ratio, step) and t not in diverged
            ]
            allowed = max(1, math.ceil(Fraction(len(seen)) / Fraction(rungs.eta)))
            stop = value not in sorted(seen)[:allowed]
        if stop:
            ended.add(trial)
        actions.append("stop" if stop else "continue")
    return actions


@st.composite
def searches(draw):
    """Rungs, and reports of some trials that run at once, each until it ends."""
    grace, eta = draw(st.integers(1, 3)), draw(st.sampled_from([2, 3, 4]))
    rungs = Rungs(grace, eta, draw(st.integers(grace, 12)))
    value = st.one_of(st.integers(0, 5).map(float), st.just(math.nan))
    scheduler = Scheduler(rungs)
    at = dict.fromkeys(range(draw(st.integers(1, 12))), 0)
    reports, decisions = [], []
    while at:
        trial = draw(st.sampled_from(sorted(at)))
        at[trial] += 1
        ratio = (0.1, 1.0)[trial % 2]
        reports.append((ratio, f"t{trial}", at[trial], draw(value)))
        decisions.append(scheduler.decide(*reports[-1]))
        if decisions[-1].action == "stop":
            del at[trial]
    return rungs, reports, decisions


class TestWholeSearches:
    @given(searches())
    def test_oracle(self, search):
        """Every decision is the one that brute force gives."""
        rungs, reports, decisions = search
        assert [d.action for d in decisions] == oracle(rungs, reports)

    @given(searches())
    def test_replay(self, search):
        """Replaying the reports in order rebuilds the scheduler."""
        rungs, reports, decisions = search
        scheduler = Scheduler(rungs)
        assert [scheduler.decide(*report) for report in reports] == decisions
        assert [scheduler.decide(*report) for report in reports[:-1]] == [
            scheduler._ended.get(report[1]) or decision
            for report, decision in zip(reports[:-1], decisions, strict=False)
        ]

    @given(searches())
    def test_the_best_goes_on(self, search):
        """Of those compared at a rung, the best one was never stopped."""
        _, reports, decisions = search
        rungs = {}
        for (ratio, _, _, value), decision in zip(reports, decisions, strict=True):
            if decision.rung is not None:
                rungs.setdefault((ratio, decision.rung), []).append((value, decision))
        for found in rungs.values():
            best = min(value for value, _ in found)
            assert all(d.action == "continue" for value, d in found if value == best)


def stopped_share(seed, trials):
    """Share of trials stopped, on learning curves, two at once, two ratios."""
    rng = random.Random(seed)
    scheduler = Scheduler(Rungs(grace=3, eta=3, max_step=27))
    waiting = [(f"t{i}", (0.1, 1.0)[i % 2], rng.uniform(0, 1)) for i in range(trials)]
    under_way, step, stopped = {}, {}, 0
    while waiting or under_way:
        while waiting and len(under_way) < 2:
            trial, ratio, skill = waiting.pop(0)
            under_way[trial], step[trial] = (ratio, skill), 0
        trial = rng.choice(list(under_way))
        ratio, skill = under_way[trial]
        step[trial] += 1
        level = 20 + 15 * skill + 25 * math.exp(-step[trial] / 6)
        value = level / math.sqrt(ratio) * rng.gauss(1, 0.03)
        decision = scheduler.decide(ratio, trial, step[trial], value)
        if decision.action == "stop":
            stopped += decision.state == "stopped"
            del under_way[trial]
    return stopped / trials


@pytest.mark.parametrize("trials", [16, 40])
def test_stops_happen(trials):
    """On noisy curves a third of the trials or more stop, with 8 a ratio too."""
    shares = [stopped_share(seed, trials) for seed in range(50)]
    assert sum(shares) / len(shares) > 0.45
    assert sum(share >= 1 / 3 for share in shares) >= 45
    assert max(shares) < 1


class TestWithdraw:
    def test_a_trial_that_failed_stops_nobody(self):
        """Ahead at the rung, then gone: the next is first of one, not second of two."""
        rungs = Scheduler(Rungs(1, 3, 9))
        rungs.decide(1.0, "t-00001", 1, 10.0)
        assert rungs.decide(1.0, "t-00002", 1, 20.0).action == "stop"
        rungs.withdraw("t-00001")
        decision = rungs.decide(1.0, "t-00003", 1, 15.0)
        assert (decision.action, decision.rank, decision.peers) == ("continue", 1, 2)

    def test_a_trial_that_diverges_is_withdrawn(self):
        """Its value at an earlier rung counts no more."""
        rungs = Scheduler(Rungs(1, 3, 9))
        rungs.decide(1.0, "t-00001", 1, 10.0)
        rungs.decide(1.0, "t-00001", 2, math.nan)
        assert rungs.decide(1.0, "t-00002", 1, 20.0).peers == 1
