"""What Optuna is told of a search, and what it answers."""

import math
import random
import statistics

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from harness.definition.trial import TrialRecord
from harness.driver.deciding import study
from harness.driver.deciding.sampler import propose
from search_spaces import SPACES, OneOf, Real, Space, Whole


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
    for trial in study.told(records, kinds):
        asked.add_trial(
            optuna.trial.create_trial(
                state=trial.state,
                value=trial.value,
                params=trial.params,
                distributions=kinds,
                intermediate_values=trial.intermediate_values,
            )
        )
    return asked.ask(kinds).params


@pytest.mark.parametrize("name", SPACES)
class TestEverySpace:
    def test_as_stock_optuna_proposes(self, name):
        """After each of 60 trials of every state it is the rebuilt study's answer."""
        space, draw, records, asked = SPACES[name], random.Random(5), [], 0
        for number in range(1, 61):
            proposal = propose(space, (0.1, 1.0), 3, number, records)
            if proposal.origin == "tpe":
                asked += 1
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
        assert asked > 25


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

    def test_ends_are_told(self, make_record, guided):
        """Trials on the bounds are history like any other."""
        records = [
            make_record(number, float(number % 2), "completed", 1.0 + number % 2)
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
    def test_by_hand(self, make_record):
        """The last finite value over the median of its ratio at that step."""
        records = [
            make_record(1, 0.1, "completed", 8.0, 2.0, ratio=1.0),
            make_record(2, 0.2, "completed", 9.0, 4.0, ratio=1.0),
            make_record(3, 0.3, "stopped", 16.0, ratio=1.0),
            make_record(4, 0.4, "completed", 80.0, 20.0, ratio=0.1),
            make_record(5, 0.5, "diverged", 36.0, math.nan, ratio=1.0),
            make_record(6, 0.6, "crashed", ratio=1.0),
        ]
        assert study.relative(records) == {
            "t-00001": pytest.approx(math.log(2 / 3)),
            "t-00002": pytest.approx(math.log(4 / 3)),
            "t-00003": pytest.approx(math.log(16 / 12.5)),
            "t-00004": 0.0,
            "t-00005": pytest.approx(math.log(36 / 12.5)),
        }

    def test_an_error_of_zero(self, make_record):
        """An error of 0 is very good, and no error of the logarithm's."""
        records = [
            make_record(1, 0.1, "completed", 0.0),
            make_record(2, 0.2, "running", 1.0),
        ]
        assert study.relative(records)["t-00001"] < -10

    def test_level_of_a_ratio_does_not_matter(self, make_record, make_history, guided):
        """Twice the errors at one ratio give the same proposals."""
        records = make_history(12)
        doubled = [
            make_record(
                r.number, r.values["x"], "completed", 2 * r.last()[1], ratio=r.ratio
            )
            if r.ratio == 0.1
            else r
            for r in records
        ]
        assert guided(doubled) == guided(records)


class TestTold:
    def test_by_hand(self, line, make_record):
        """Each state becomes the one of the table, with or without a value."""
        records = [
            make_record(
                number, 0.1 * number, state, *([4.0, 2.0] if number < 7 else [])
            )
            for number, state in enumerate(study.STATES, start=1)
        ]
        kinds = {"x": study.distribution(line.parameters["x"])}
        told = {
            state: (trial.state, trial.value, trial.intermediate_values)
            for state, trial in zip(
                study.STATES, study.told(records, kinds), strict=True
            )
        }
        assert told == {
            "pending": (TrialState.RUNNING, None, {}),
            "running": (TrialState.RUNNING, None, {}),
            "paused": (TrialState.PRUNED, None, {2: 0.0}),
            "completed": (TrialState.COMPLETE, 0.0, {2: 0.0}),
            "stopped": (TrialState.PRUNED, None, {2: 0.0}),
            "diverged": (TrialState.PRUNED, None, {}),
            "collapsed": (TrialState.PRUNED, None, {}),
            "crashed": (TrialState.FAIL, None, {}),
            "cancelled": (TrialState.FAIL, None, {}),
        }

    def test_good_regions_are_sought(self, make_history, guided):
        """Proposals come from where the completed trials were good."""
        assert statistics.mean(abs(x - 0.7) for x in guided(make_history(30))) < 0.15

    @pytest.mark.parametrize("state", ["diverged", "collapsed"])
    def test_failed_regions_are_avoided(self, state, make_record, guided):
        """A region where all fail late is avoided, though its values were best."""
        records = [
            make_record(number, number / 41, "stopped", 9.0)
            if number < 20
            else make_record(number, number / 41, state, *([3.0] * 9), math.nan)
            for number in range(1, 41)
        ]
        assert statistics.mean(x < 0.5 for x in guided(records)) > 0.8

    def test_crashed_are_ignored(self, line, make_record, make_history):
        """A trial that crashed changes no proposal."""
        records = make_history(12)
        more = [
            *records,
            make_record(13, 0.7, "crashed"),
            make_record(14, 0.7, "cancelled"),
        ]
        numbers = range(15, 30)
        assert [propose(line, (1.0,), 0, n, more) for n in numbers] == [
            propose(line, (1.0,), 0, n, records) for n in numbers
        ]

    @pytest.mark.parametrize("state", ["pending", "running"])
    def test_running_ones_push_away(self, state, make_record, make_history, guided):
        """Many trials under way at the best place send the next elsewhere."""
        records = make_history(30)
        busy = [*records, *(make_record(31 + i, 0.7, state) for i in range(30))]
        distance = statistics.mean(abs(x - 0.7) for x in guided(busy))
        assert distance > 1.5 * statistics.mean(abs(x - 0.7) for x in guided(records))
