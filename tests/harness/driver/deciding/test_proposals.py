"""Who proposes, and that nothing is proposed twice."""

import math

import pytest

from harness.driver.deciding.proposals import STARTUP, Proposals
from search_spaces import OneOf, Real, Space, Whole


SPACE = Space(
    "s",
    {"x": Real(0.0, 1.0), "labelled_ratio": OneOf((0.5, 1.0))},
    {"x": 0.25, "labelled_ratio": 0.5},
)


def proposed(proposals, count, ratio=1.0, error=lambda x: abs(x - 0.7)):
    """The next samples of a ratio, each with a standing before the next."""
    samples = []
    for _ in range(count):
        sample = proposals.propose(ratio)
        samples.append(sample)
        proposals.learn()
        proposals.history.add(sample)
        depth, value = 2, error(sample.values["x"])
        proposals.history.trials[sample.trial].curve[depth] = value
        proposals.history.trials[sample.trial].state = "paused"
        proposals.history.stand(sample.trial, depth, value)
    return samples


def test_the_first_of_a_ratio_is_the_start():
    """At each ratio; the next are random."""
    proposals = Proposals(SPACE, (0.5, 1.0), 0)
    first, second = proposed(proposals, 2)
    other = proposed(proposals, 1, 0.5)[0]
    assert first.values == {"x": 0.25, "labelled_ratio": 1.0}
    assert other.values == {"x": 0.25, "labelled_ratio": 0.5}
    assert [s.origin for s in (first, second, other)] == ["start", "random", "start"]
    assert [s.trial for s in (first, second, other)] == [
        "t-00001",
        "t-00002",
        "t-00003",
    ]


def test_the_model_proposes_with_what_it_expects():
    """When enough stand, but for a share of random ones."""
    samples = proposed(Proposals(SPACE, (1.0,), 0), 60)[20:]
    model = [s for s in samples if s.origin == "model"]
    assert {s.origin for s in samples} == {"model", "random"}
    assert all(math.isfinite(s.expected_score) for s in model)
    near = sum(abs(s.values["x"] - 0.7) < 0.1 for s in model)
    assert near > len(model) / 2


def test_chance_alone():
    """No model is asked."""
    samples = proposed(Proposals(SPACE, (1.0,), 0, "random"), 40)
    assert {s.origin for s in samples} == {"start", "random"}
    assert {s.expected_score for s in samples} == {None}


def test_tpe():
    """It is asked when a few stand."""
    samples = proposed(Proposals(SPACE, (1.0,), 0, "tpe"), 30)
    assert "tpe" not in [s.origin for s in samples[:STARTUP]]
    assert [s.origin for s in samples].count("tpe") > 10


@pytest.mark.parametrize("sampler", ["model", "tpe", "random"])
def test_nothing_is_proposed_twice_at_a_ratio(sampler):
    """All of a small space come, each once at each ratio, and then none."""
    space = Space("w", {"x": Whole(1, 6), "k": OneOf(("a", "b"))}, {"x": 2, "k": "b"})
    proposals = Proposals(space, (0.5, 1.0), 0, sampler)
    for ratio in (0.5, 1.0):
        samples = proposed(proposals, 12, ratio)
        assert len({(s.values["x"], s.values["k"]) for s in samples}) == 12
        assert proposals.propose(ratio) is None


def test_another_seed_proposes_others():
    """And the same seed the same."""
    first, again, other = (
        proposed(Proposals(SPACE, (1.0,), seed), 15) for seed in (0, 0, 1)
    )
    assert first == again
    assert [s.values for s in first[1:]] != [s.values for s in other[1:]]
