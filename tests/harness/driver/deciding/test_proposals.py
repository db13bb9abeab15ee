"""Who proposes, and that nothing is proposed twice."""

import dataclasses
import math

import pytest

from harness.definition.reuse import Reuse
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


def test_a_space_may_have_several_starts():
    """Each is a trial of its own at every ratio, before anything is drawn."""
    space = dataclasses.replace(SPACE, then=({"x": 0.5}, {"x": 0.75}))
    proposals = Proposals(space, (0.5, 1.0), 0)
    for ratio in (0.5, 1.0):
        samples = proposed(proposals, 4, ratio)
        assert [s.values["x"] for s in samples[:3]] == [0.25, 0.5, 0.75]
        assert [s.origin for s in samples] == ["start"] * 3 + ["random"]


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


class TestReuse:
    STAGES = Space(
        "s",
        {"x": Real(0.0, 1.0), "gan.learning_rate": Real(1e-4, 1e-2, log=True)},
        {"x": 0.25, "gan.learning_rate": 3e-4},
    )

    def shared(self, share: float, *, of_a_ratio: bool, sampler="model") -> Proposals:
        """A search of two ratios with one stage whose settings are searched."""
        part = Reuse(
            stage="gan",
            fields=("gan.learning_rate",),
            share=share,
            of_a_ratio=of_a_ratio,
        )
        return Proposals(self.STAGES, (0.5, 1.0), 0, sampler, [part])

    @pytest.mark.parametrize("sampler", ["model", "random"])
    def test_settings_are_taken_over_as_often_as_they_should(self, sampler):
        """To the last bit, so that the pre-training is the same one."""
        proposals = self.shared(0.8, of_a_ratio=False, sampler=sampler)
        rates = [s.values["gan.learning_rate"] for s in proposed(proposals, 100)]
        assert 12 <= len(set(rates)) <= 30  # 1 + 99 * 0.2, give or take
        weights = [s.sample.values["x"] for s in proposals.history.trials.values()]
        assert len(set(weights)) > 60  # near the best one axis may stay

    def test_of_its_own_ratio_only_where_that_matters(self):
        """A VAE serves one ratio, a GAN all."""
        for of_a_ratio in (True, False):
            proposals = self.shared(1.0, of_a_ratio=of_a_ratio)
            proposals.history.add(
                dataclasses.replace(
                    proposals.propose(0.5), values={"x": 0.1, "gan.learning_rate": 5e-3}
                )
            )
            rates = {s.values["gan.learning_rate"] for s in proposed(proposals, 20)}
            assert (5e-3 in rates) != of_a_ratio

    def test_nobody_takes_over_from_a_trial_that_failed(self):
        """Its settings may be why."""
        proposals = self.shared(1.0, of_a_ratio=False)
        (first,) = proposed(proposals, 1)
        proposals.history.trials[first.trial].state = "collapsed"
        second = proposals.propose(1.0)
        start = self.STAGES.start["gan.learning_rate"]
        assert second.values["gan.learning_rate"] != start

    def test_without_stages_the_draws_are_as_before(self):
        """A share of nothing changes no proposal."""
        plain, none = (
            Proposals(self.STAGES, (1.0,), 0),
            self.shared(0.0, of_a_ratio=False),
        )
        assert [s.values["x"] for s in proposed(plain, 1)] == [
            s.values["x"] for s in proposed(none, 1)
        ]
