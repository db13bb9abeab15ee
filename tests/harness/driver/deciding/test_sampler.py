"""Tests of harness/sampler.py."""

import math
import random
import re
import statistics
import subprocess
import sys

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from harness.definition.spaces import ratios_of
from harness.definition.trial import TrialRecord, name_of
from harness.driver.deciding import study
from harness.driver.deciding.sampler import propose
from search_spaces import SPACES, OneOf, Real, Space, Whole


RATIOS = (0.1, 0.5, 1.0)

LINE = Space(
    "line",
    {"x": Real(0.0, 1.0), "labelled_ratio": OneOf(RATIOS)},
    {"x": 0.25, "labelled_ratio": 1.0},
)


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
    """Trials of `LINE` whose error is the distance from 0.7, in mm."""
    records = []
    for number in range(1, length + 1):
        proposal = propose(LINE, ratios, 0, number, [])
        x = proposal.values["x"]
        error = 1 + abs(x - 0.7)
        records.append(record(number, x, state, error, ratio=proposal.ratio))
    return records


def guided(records, count=12):
    """The x of the first `count` proposals that come from TPE."""
    numbers = range(len(records) + 1, len(records) + 1 + 3 * count)
    proposals = [propose(LINE, (1.0,), 3, number, records) for number in numbers]
    return [p.values["x"] for p in proposals if p.origin == "tpe"][:count]


class TestTurns:
    def test_starts_come_first(self):
        """The first trial at each ratio is the start, at that ratio."""
        for number, ratio in enumerate(RATIOS, start=1):
            proposal = propose(LINE, RATIOS, 0, number, [])
            assert proposal.values == {"x": 0.25, "labelled_ratio": ratio}
            assert proposal.origin == "start"
            assert proposal.trial == f"t-0000{number}"

    def test_ratios_take_turns(self):
        """Any stretch of as many trials as ratios has each ratio once."""
        found = [propose(LINE, RATIOS, 0, n, []).ratio for n in range(1, 10)]
        assert found == list(RATIOS) * 3

    def test_a_third_is_random_at_every_ratio(self):
        """From the second trial at a ratio on, one in three is random."""
        records = history(10)
        numbers = range(4, 4 + 3 * 9)
        proposals = [propose(LINE, RATIOS, 0, number, records) for number in numbers]
        for ratio in RATIOS:
            origins = [p.origin for p in proposals if p.ratio == ratio]
            assert origins.count("random") == 3
            assert origins.count("tpe") == 6

    def test_random_until_something_is_known(self):
        """Without enough trials that ended, all but the starts are random."""
        for records in (history(3), history(9, state="crashed")):
            origins = {
                propose(LINE, RATIOS, 0, n, records).origin for n in range(4, 30)
            }
            assert origins == {"random"}

    def test_random_ones_ignore_history(self):
        """A random proposal is the same whatever has been found."""
        proposal = propose(LINE, (1.0,), 0, 4, [])
        assert proposal.origin == "random"
        assert propose(LINE, (1.0,), 0, 4, history(30)) == proposal

    def test_refuses(self):
        """Number 0 and no ratios are refused."""
        with pytest.raises(ValueError, match="`number` must be 1 or more, got 0"):
            propose(LINE, RATIOS, 0, 0, [])
        with pytest.raises(ValueError, match="`ratios` must name at least one"):
            propose(LINE, (), 0, 1, [])


class TestSeed:
    def test_same_history_same_proposal(self):
        """Neither the order of the history nor earlier calls change a proposal."""
        records = history(40)  # TPE weighs trials by age from 25 on
        numbers = range(41, 57)
        first = [propose(LINE, RATIOS, 5, number, records) for number in numbers]
        mixed = random.Random(0).sample(records, len(records))
        again = [
            propose(LINE, RATIOS, 5, number, mixed) for number in reversed(numbers)
        ]
        assert again == first[::-1]
        assert len({p.values["x"] for p in first}) == len(first)

    def test_seed_and_number_change_it(self):
        """Another seed gives another proposal; a seed may be as long as a run's."""
        records = history(12)
        found = {
            propose(LINE, (1.0,), seed, 14, records).values["x"]
            for seed in (0, 1, 2**32, 2**63 - 1)
        }
        assert len(found) == 4

    def test_another_process(self):
        """Another process, with another hash seed, proposes the same."""
        code = (
            "from harness.driver.deciding.sampler import propose\n"
            "from search_spaces import SPACES\n"
            "print(dict(propose(SPACES['joint'], (1.0,), 7, 5, []).values))"
        )
        found = [
            subprocess.run(
                [sys.executable, "-c", code],
                env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("1", "2")
        ]
        here = propose(SPACES["joint"], (1.0,), 7, 5, [])
        assert found == [f"{dict(here.values)}\n"] * 2

    def test_silent(self, capfd):
        """Nothing is printed."""
        guided(history(12))
        assert capfd.readouterr() == ("", "")


def rebuilt(space, records, number):
    """What stock Optuna answers to the same history, told by its public ways."""
    state = int(np.random.SeedSequence([3, number]).generate_state(1)[0])
    stock = optuna.samplers.TPESampler(seed=state, n_startup_trials=0)
    asked = optuna.create_study(sampler=stock)
    kinds = {
        name: study.distribution(kind)
        for name, kind in space.parameters.items()
        if name != "labelled_ratio"
    }
    for one in study.told(records, kinds):
        asked.add_trial(
            optuna.trial.create_trial(
                state=one.state,
                value=one.value,
                params=one.params,
                distributions=kinds,
                intermediate_values=one.intermediate_values,
            )
        )
    return asked.ask(kinds).params


@pytest.mark.parametrize("name", SPACES)
class TestEverySpace:
    def test_as_stock_optuna_proposes(self, name):
        """After each of 60 trials of every state it is the rebuilt study's answer."""
        space, draw, records, guided = SPACES[name], random.Random(5), [], 0
        for number in range(1, 61):
            proposal = propose(space, (0.1, 1.0), 3, number, records)
            if proposal.origin == "tpe":
                guided += 1
                expected = rebuilt(space, records, number)
                assert proposal.values == expected | {"labelled_ratio": proposal.ratio}
            state = draw.choice(list(study.STATES))
            steps = range(1, draw.randint(2, 12))
            curve = (
                [] if state == "pending" else [(k, 30 * draw.random()) for k in steps]
            )
            records.append(
                TrialRecord(
                    trial=proposal.trial,
                    number=number,
                    ratio=proposal.ratio,
                    values=proposal.values,
                    state=state,
                    curve=tuple(curve),
                )
            )
        assert guided > 25

    def test_proposals_are_inside(self, name):
        """Whatever the origin, a proposal is a point of the space."""
        space = SPACES[name]
        records = []
        for number in range(1, 25):
            proposal = propose(space, (0.1, 1.0), 0, number, records)
            space.check(proposal.values)
            records.append(
                TrialRecord(
                    trial=proposal.trial,
                    number=number,
                    ratio=proposal.ratio,
                    values=proposal.values,
                    state="completed",
                    curve=((1, 30.0 - number % 7),),
                )
            )
        assert {propose(space, (1.0,), 0, n, records).origin for n in range(1, 9)} == {
            "start",
            "random",
            "tpe",
        }


class TestDistribution:
    @pytest.mark.parametrize("log", [False, True])
    def test_real(self, log):
        """Both bounds belong, nothing beyond; draws come near to both."""
        real = Real(0.1, 10.0, log)
        kind = study.distribution(real)
        assert (kind.low, kind.high, kind.log) == (0.1, 10.0, log)
        drawn = self.draws(real)
        assert min(drawn) < (0.12 if log else 0.5)
        assert max(drawn) > (9 if log else 9.5)
        middle = sum(value < 1 for value in drawn) / len(drawn)
        assert middle == pytest.approx(0.5 if log else 0.09, abs=0.1)

    @pytest.mark.parametrize("log", [False, True])
    def test_whole(self, log):
        """Every number is drawn, the bounds too, and nothing else."""
        assert set(self.draws(Whole(3, 6, log))) == {3, 4, 5, 6}

    def test_one_of(self):
        """Every value is drawn, with its type."""
        drawn = self.draws(OneOf((1, 2.5, "all")))
        assert set(map(repr, drawn)) == {"1", "2.5", "'all'"}

    def test_ends_are_told(self):
        """Trials on the bounds are history like any other."""
        records = [
            record(number, float(number % 2), "completed", 1.0 + number % 2)
            for number in range(1, 21)
        ]
        assert statistics.mean(guided(records)) < 0.4

    @staticmethod
    def draws(parameter):
        """200 random draws of one parameter."""
        start = {"p": getattr(parameter, "low", None) or parameter.values[0]}
        space = Space("one", {"p": parameter}, start)
        return [propose(space, (1.0,), 0, n, []).values["p"] for n in range(2, 202)]


class TestRelative:
    def test_by_hand(self):
        """The last finite value over the median of its ratio at that step."""
        records = [
            record(1, 0.1, "completed", 8.0, 2.0, ratio=1.0),
            record(2, 0.2, "completed", 9.0, 4.0, ratio=1.0),
            record(3, 0.3, "stopped", 16.0, ratio=1.0),
            record(4, 0.4, "completed", 80.0, 20.0, ratio=0.1),
            record(5, 0.5, "diverged", 36.0, math.nan, ratio=1.0),
            record(6, 0.6, "crashed", ratio=1.0),
        ]
        assert study.relative(records) == {
            "t-00001": pytest.approx(math.log(2 / 3)),
            "t-00002": pytest.approx(math.log(4 / 3)),
            "t-00003": pytest.approx(math.log(16 / 12.5)),
            "t-00004": 0.0,
            "t-00005": pytest.approx(math.log(36 / 12.5)),
        }

    def test_an_error_of_zero(self):
        """An error of 0 is very good, and no error of the logarithm's."""
        records = [record(1, 0.1, "completed", 0.0), record(2, 0.2, "running", 1.0)]
        assert study.relative(records)["t-00001"] < -10

    def test_level_of_a_ratio_does_not_matter(self):
        """Twice the errors at one ratio give the same proposals."""
        records = history(12)
        doubled = [
            record(r.number, r.values["x"], "completed", 2 * r.last()[1], ratio=r.ratio)
            if r.ratio == 0.1
            else r
            for r in records
        ]
        assert guided(doubled) == guided(records)


class TestTold:
    def test_by_hand(self):
        """Each state becomes the one of the table, with or without a value."""
        records = [
            record(number, 0.1 * number, state, *([4.0, 2.0] if number < 6 else []))
            for number, state in enumerate(study.STATES, start=1)
        ]
        kinds = {"x": study.distribution(LINE.parameters["x"])}
        found = {
            state: (trial.state, trial.value, trial.intermediate_values)
            for state, trial in zip(
                study.STATES, study.told(records, kinds), strict=True
            )
        }
        assert found == {
            "pending": (TrialState.RUNNING, None, {}),
            "running": (TrialState.RUNNING, None, {}),
            "completed": (TrialState.COMPLETE, 0.0, {2: 0.0}),
            "stopped": (TrialState.PRUNED, None, {2: 0.0}),
            "diverged": (TrialState.PRUNED, None, {}),
            "collapsed": (TrialState.PRUNED, None, {}),
            "crashed": (TrialState.FAIL, None, {}),
            "cancelled": (TrialState.FAIL, None, {}),
        }

    def test_good_regions_are_sought(self):
        """Proposals come from where the completed trials were good."""
        assert statistics.mean(abs(x - 0.7) for x in guided(history(30))) < 0.15

    @pytest.mark.parametrize("state", ["diverged", "collapsed"])
    def test_failed_regions_are_avoided(self, state):
        """A region where all fail late is avoided, though its values were best."""
        records = [
            record(number, number / 41, "stopped", 9.0)
            if number < 20
            else record(number, number / 41, state, *([3.0] * 9), math.nan)
            for number in range(1, 41)
        ]
        assert statistics.mean(x < 0.5 for x in guided(records)) > 0.8

    def test_crashed_are_ignored(self):
        """A trial that crashed changes no proposal."""
        records = history(12)
        more = [*records, record(13, 0.7, "crashed"), record(14, 0.7, "cancelled")]
        numbers = range(15, 30)
        assert [propose(LINE, (1.0,), 0, n, more) for n in numbers] == [
            propose(LINE, (1.0,), 0, n, records) for n in numbers
        ]

    @pytest.mark.parametrize("state", ["pending", "running"])
    def test_running_ones_push_away(self, state):
        """Many trials under way at the best place send the next elsewhere."""
        records = history(30)
        busy = [*records, *(record(31 + i, 0.7, state) for i in range(30))]
        distance = statistics.mean(abs(x - 0.7) for x in guided(busy))
        assert distance > 1.5 * statistics.mean(abs(x - 0.7) for x in guided(records))


class TestTrialRecord:
    def test_last(self):
        """The last finite point counts, by step, not by order."""
        curve = ((2, 5.0), (1, 3.0), (3, math.nan))
        made = TrialRecord(
            trial="t-00001",
            number=1,
            ratio=1.0,
            values={},
            state="stopped",
            curve=curve,
        )
        assert made.last() == (2, 5.0)
        assert record(1, 0.1, "running").last() is None

    def test_refuses(self):
        """An unknown state, and a completed trial without a value."""
        with pytest.raises(ValueError, match="`state` must be one of pending, run"):
            record(1, 0.1, "done")
        with pytest.raises(ValueError, match="`curve` must have a finite value where"):
            record(1, 0.1, "completed", math.nan)


class TestRatiosOf:
    def test_by_hand(self):
        """All of the space's, some of them, sorted, each once."""
        assert ratios_of(LINE) == RATIOS
        assert ratios_of(LINE, [1.0, 0.1, 1.0]) == (0.1, 1.0)
        plain = Space("plain", {"x": Real(0.0, 1.0)}, {"x": 0.0})
        assert ratios_of(plain, [0.3]) == (0.3,)

    def test_refuses(self):
        """A ratio that is not the space's, none at all, and one that is no choice."""
        sentence = "`ratios` must be among 0.1, 0.5, 1.0, got 0.2."
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            ratios_of(LINE, [0.2])
        plain = Space("plain", {"x": Real(0.0, 1.0)}, {"x": 0.0})
        with pytest.raises(ValueError, match="`ratios` must be given where the space"):
            ratios_of(plain)
        kinds = {"labelled_ratio": Real(0.1, 1.0)}
        wide = Space("wide", kinds, {"labelled_ratio": 0.1})
        with pytest.raises(ValueError, match="`labelled_ratio` must be a choice"):
            ratios_of(wide)


VALLEY = Space(
    "valley",
    {f"p{i}": Real(1e-3, 10.0, log=True) for i in range(5)},
    {f"p{i}": 1.0 for i in range(5)},
)


def best_of_a_search(seed, *, learns):
    """Mean over two ratios of the best distance from a valley, 36 trials."""
    records = []
    for number in range(1, 37):
        known = records if learns else []
        proposal = propose(VALLEY, (0.1, 1.0), seed, number, known)
        place = [(math.log10(proposal.values[f"p{i}"]) + 3) / 4 for i in range(5)]
        error = 1 + sum((u - 0.3 - 0.1 * i) ** 2 for i, u in enumerate(place))
        records.append(
            TrialRecord(
                trial=proposal.trial,
                number=number,
                ratio=proposal.ratio,
                values=proposal.values,
                state="completed",
                curve=((1, error * (30 if proposal.ratio == 0.1 else 10)),),
            )
        )
    finals = [
        min(r.last()[1] for r in records if r.ratio == ratio) / level
        for ratio, level in ((0.1, 30), (1.0, 10))
    ]
    return statistics.mean(finals) - 1


def test_better_than_random():
    """With the same starts and seeds, learning beats drawing at random."""
    pairs = [
        (best_of_a_search(seed, learns=True), best_of_a_search(seed, learns=False))
        for seed in range(10)
    ]
    assert sum(guided < drawn for guided, drawn in pairs) >= 8
    assert statistics.mean(g for g, _ in pairs) < 0.7 * statistics.mean(
        d for _, d in pairs
    )
