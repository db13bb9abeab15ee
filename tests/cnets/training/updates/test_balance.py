"""Tests of `cnets.training.updates.balance`, against gradients of each loss alone."""

from functools import partial

import pytest
import torch

from cnets.config import LossWeights
from cnets.networks import crossing_net
from cnets.training.updates import balance, consistency, joint, parts, scenes


WEIGHTS = {"adversarial": 2.0, "posterior": 3.0, "smoothness": 5.0}


@pytest.fixture
def pair(tiny):
    """Two runs with other weights, seeds and balances."""
    weights = {f"losses.{name}": weight for name, weight in WEIGHTS.items()}
    return [
        tiny.replace(weights | {"losses.balance": 0.5}),
        tiny.replace({"losses.balance": 4.0, "seed": 1, "losses.posterior": 100.0}),
    ]


def terms_of(stack, batch):
    """The terms that the discriminator learns from."""
    scene = stack.map(
        partial(scenes.imagine, stack.modules),
        parts.pick(stack, crossing_net.RENDERING),
        batch,
    )
    terms = stack.map(
        partial(joint.discriminator_terms, stack.modules),
        parts.pick(stack, crossing_net.DISCRIMINATOR),
        batch,
        parts.detached(scene),
    )
    return {
        "adversarial": terms["adversarial_real"] + terms["adversarial_fake"],
        "posterior": terms["posterior"],
        "smoothness": terms["smoothness_mixed"] + terms["smoothness_self"],
    }


def gradient(stack, value, network, lane) -> torch.Tensor:
    """Of one number on one network of one lane, as a vector."""
    params = list(stack.nets[network].params.values())
    found = torch.autograd.grad(value, params, retain_graph=True)
    return torch.cat([part[lane].flatten() for part in found])


class TestBalanced:
    def test_the_ratio_on_the_trunk_is_the_stated_one(self, stacked, pair):
        """The adversarial part keeps its direction, and the other two their values."""
        stack, batch = stacked(pair, "joint")
        terms = terms_of(stack, batch)
        found = balance.balanced(stack, terms)
        for lane, run in enumerate(pair):
            weight = vars(run.losses)
            alone = {
                name: weight[name] * gradient(stack, terms[name][lane], "trunk", lane)
                for name in WEIGHTS
            }
            rest = found["trunk"][lane] - alone["posterior"] - alone["smoothness"]
            ratio = rest.norm() / alone["posterior"].norm()
            assert ratio.item() == pytest.approx(run.losses.balance, rel=1e-9)
            before = alone["adversarial"]
            cosine = (rest @ before) / (rest.norm() * before.norm())
            assert cosine.item() == pytest.approx(1, abs=1e-9)
            assert before.norm().item() != pytest.approx(rest.norm().item(), rel=0.1)

    def test_the_heads_keep_their_gradients(self, stacked, pair):
        """Each has one loss, whatever the balance."""
        stack, batch = stacked(pair, "joint")
        terms = terms_of(stack, batch)
        found = balance.balanced(stack, terms)
        assert found.keys() == set(crossing_net.DISCRIMINATOR)
        for lane, run in enumerate(pair):
            for name in WEIGHTS:
                weight, head = vars(run.losses)[name], balance.HEADS[name]
                alone = weight * gradient(stack, terms[name][lane], head, lane)
                torch.testing.assert_close(found[head][lane], alone)

    def test_without_an_adversarial_gradient_there_is_none(self, stacked, tiny):
        """No number is divided by zero."""
        off = {"losses.adversarial": 0.0, "losses.balance": 1.0}
        stack, batch = stacked([tiny.replace(off)], "joint")
        found = balance.balanced(stack, terms_of(stack, batch))
        assert all(part.isfinite().all() for part in found.values())

    def test_consistency_trains_the_posterior_head_too(self, stacked, tiny):
        """Without an adversarial part it is the plain gradient of the other three."""
        weights = {"adversarial": 0.0, "balance": 1.0, "consistency": 7.0}
        run = tiny.replace({f"losses.{n}": weight for n, weight in weights.items()})
        stack, batch = stacked([run], "joint")
        nets = parts.pick(stack, crossing_net.DISCRIMINATOR)
        terms = terms_of(stack, batch) | consistency.terms_of(stack, nets, batch)
        found = balance.balanced(stack, terms)
        names = crossing_net.DISCRIMINATOR
        plain = stack.gradients(names, stack.weighted(terms), keep_graph=True)
        assert found.keys() == plain.keys()
        for name, gradient in plain.items():
            torch.testing.assert_close(found[name], gradient)
        shares = joint.trunk_shares(stack, batch)
        assert shares["trunk_share_consistency"] > 0
        assert sum(shares.values()).item() == pytest.approx(1)


class TestApart:
    def test_the_parts_add_up_to_the_whole(self, stacked, pair):
        """Trunk and heads together have the gradient of the sum of all losses."""
        stack, batch = stacked(pair, "joint")
        terms = terms_of(stack, batch)
        found = balance.apart(stack, terms)
        names = crossing_net.DISCRIMINATOR
        whole = stack.gradients(names, stack.weighted(terms))
        trunk = sum(part["trunk"] for part in found.values())
        torch.testing.assert_close(trunk, whole["trunk"])
        for name in WEIGHTS:
            head = balance.HEADS[name]
            torch.testing.assert_close(found[name][head], whole[head])


class TestUpdate:
    @pytest.mark.parametrize("value", [0.0, 0.25])
    def test_takes_it_where_it_is_on(self, stacked, tiny, value):
        """Adam's first moment of the trunk is half of the gradient that was asked for."""
        run = tiny.replace({"losses.balance": value, "losses.posterior": 10.0})
        stack, batch = stacked([run], "joint")
        assert balance.is_on(stack) == (value > 0)
        terms = terms_of(stack, batch)
        names = crossing_net.DISCRIMINATOR
        plain = stack.gradients(names, stack.weighted(terms), keep_graph=True)
        wanted = balance.balanced(stack, terms) if value else plain
        stack, batch = stacked([run], "joint")
        joint.update(stack, batch, torch.tensor([1e-3]).double())
        moments = stack.moments["discriminator"]
        for name in names:
            torch.testing.assert_close(2 * moments[name].first, wanted[name])
        same = torch.allclose(wanted["trunk"], plain["trunk"])
        assert same == (value == 0)


class TestShares:
    @pytest.mark.parametrize("value", [0.0, 4.0])
    def test_are_of_the_norms_that_are_used(self, stacked, tiny, value):
        """They add up to 1; with a balance the adversarial one is so many posteriors."""
        weights = {f"losses.{name}": weight for name, weight in WEIGHTS.items()}
        run = tiny.replace(weights | {"losses.balance": value})
        stack, batch = stacked([run], "joint")
        terms = terms_of(stack, batch)
        sizes = {
            name: weight * gradient(stack, terms[name][0], "trunk", 0).norm().item()
            for name, weight in WEIGHTS.items()
        }
        if value:
            sizes["adversarial"] = value * sizes["posterior"]
        before = {n: b.clone() for n, b in stack.nets["trunk"].buffers.items()}
        found = joint.trunk_shares(stack, batch)
        whole = sum(sizes.values())
        assert {n: share.item() for n, share in found.items()} == pytest.approx(
            {f"trunk_share_{name}": size / whole for name, size in sizes.items()}
        )
        after = stack.nets["trunk"].buffers
        assert all(torch.equal(b, after[n]) for n, b in before.items())


def test_it_is_no_weight():
    """At 0 the paper's gradient is left alone."""
    assert LossWeights().balance == 0
