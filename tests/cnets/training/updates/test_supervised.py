"""Tests of `cnets.training.updates.supervised`: the whole update without the GAN."""

import pytest
import torch

from cnets import presets
from cnets.config import LossWeights
from cnets.training import schedule
from cnets.training.updates import by_stage


RATE = torch.tensor([1e-2, 2e-2], dtype=torch.float64)
"""Step sizes of two lanes."""


@pytest.fixture
def runs(tiny):
    """Two supervised baselines, alone or side by side."""
    first = presets.ablated(tiny, "posterior_only")
    return [first, first.replace({"seed": 1, "losses.posterior": 300.0})]


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("stage", ["warm_up", "joint"])
def test_is_the_whole_update_to_the_last_bit(stacked, runs, stage, lanes):
    """Trunk and posterior: what all terms with weights of zero would make of them."""
    ends, terms = [], []
    for names in (schedule.NETWORKS[stage], None):
        stack, batch = stacked(runs[:lanes], stage, names=names)
        update = by_stage.UPDATES[stage] if names else by_stage.of_stack(stack, stage)
        for _ in range(3):
            terms.append(update(stack, batch, RATE[:lanes])["posterior"])
        ends.append(stack.nets)
    assert torch.equal(torch.stack(terms[:3]), torch.stack(terms[3:]))
    for name in ("trunk", "posterior"):
        whole, own = (nets[name] for nets in ends)
        assert all(torch.equal(p, own.params[n]) for n, p in whole.params.items())
        assert all(torch.equal(b, own.buffers[n]) for n, b in whole.buffers.items())


def test_nothing_else_is_there(stacked, runs):
    """No network that would render or judge is run, and no term of one is told."""
    stack, batch = stacked(runs, "joint")
    assert set(stack.flat) == {"encoder", "trunk", "posterior"}
    assert set(by_stage.of_stack(stack, "joint")(stack, batch, RATE)) == {"posterior"}


@pytest.mark.parametrize("name", schedule.UNSUPERVISED)
def test_any_other_weight_takes_the_whole_update(runs, name):
    """Whatever has a weight is trained."""
    assert schedule.is_supervised(runs[0])
    assert not schedule.is_supervised(runs[0].replace({f"losses.{name}": 1e-6}))


def test_every_weight_is_known():
    """A new loss term must say whether plain regression has it."""
    rest = {"kl", "pose_reconstruction", "posterior", "balance"}
    assert set(vars(LossWeights())) == {*schedule.UNSUPERVISED, *rest}
