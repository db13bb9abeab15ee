"""Who proposes which trial, and that the same log gives the same proposal."""

import math
import random
import statistics
import subprocess
import sys

import pytest
from optuna.trial import TrialState

from harness.definition.trial import TrialRecord
from harness.driver.deciding import sampler, study
from harness.driver.deciding.sampler import propose
from search_spaces import SPACES, Real, Space


RATIOS = (0.1, 0.5, 1.0)


class TestTurns:
    def test_starts_come_first(self, line):
        """The first trial at each ratio is the start, at that ratio."""
        for number, ratio in enumerate(RATIOS, start=1):
            proposal = propose(line, RATIOS, 0, number, [])
            assert proposal.values == {"x": 0.25, "labelled_ratio": ratio}
            assert proposal.origin == "start"
            assert proposal.trial == f"t-0000{number}"

    def test_ratios_take_turns(self, line):
        """Any stretch of as many trials as ratios has each ratio once."""
        found = [propose(line, RATIOS, 0, n, []).ratio for n in range(1, 10)]
        assert found == list(RATIOS) * 3

    def test_a_third_is_random_at_every_ratio(self, line, make_history):
        """From the second trial at a ratio on, one in three is random."""
        records = make_history(10)
        numbers = range(4, 4 + 3 * 9)
        proposals = [propose(line, RATIOS, 0, number, records) for number in numbers]
        for ratio in RATIOS:
            origins = [p.origin for p in proposals if p.ratio == ratio]
            assert origins.count("random") == 3
            assert origins.count("tpe") == 6

    def test_random_until_something_is_known(self, line, make_history):
        """Without enough trials that ended, all but the starts are random."""
        for records in (make_history(3), make_history(9, state="crashed")):
            origins = {
                propose(line, RATIOS, 0, n, records).origin for n in range(4, 30)
            }
            assert origins == {"random"}

    def test_what_teaches_is_what_optuna_ranks(self):
        """The ends that let TPE begin are those that Optuna knows as complete or pruned."""
        ranked = (TrialState.COMPLETE, TrialState.PRUNED)
        assert sorted(sampler.TEACHING) == sorted(
            state for state, told in study.STATES.items() if told in ranked
        )

    def test_random_ones_ignore_history(self, line, make_history):
        """A random proposal is the same whatever has been found."""
        proposal = propose(line, (1.0,), 0, 4, [])
        assert proposal.origin == "random"
        assert propose(line, (1.0,), 0, 4, make_history(30)) == proposal

    def test_refuses(self, line):
        """Number 0 and no ratios are refused."""
        with pytest.raises(ValueError, match="`number` must be 1 or more, got 0"):
            propose(line, RATIOS, 0, 0, [])
        with pytest.raises(ValueError, match="`ratios` must name at least one"):
            propose(line, (), 0, 1, [])


class TestSeed:
    def test_same_history_same_proposal(self, line, make_history):
        """Neither the order of the history nor earlier calls change a proposal."""
        records = make_history(40)  # TPE weighs trials by age from 25 on
        numbers = range(41, 57)
        first = [propose(line, RATIOS, 5, number, records) for number in numbers]
        mixed = random.Random(0).sample(records, len(records))
        again = [
            propose(line, RATIOS, 5, number, mixed) for number in reversed(numbers)
        ]
        assert again == first[::-1]
        assert len({p.values["x"] for p in first}) == len(first)

    def test_seed_and_number_change_it(self, line, make_history):
        """Another seed gives another proposal; a seed may be as long as a run's."""
        records = make_history(12)
        found = {
            propose(line, (1.0,), seed, 14, records).values["x"]
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

    def test_silent(self, capfd, make_history, guided):
        """Nothing is printed."""
        guided(make_history(12))
        assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", SPACES)
class TestEverySpace:
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
