"""Tests of `cnets.training.fast.joint`: held against the plain update."""

import dataclasses

import numpy as np
import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.training import schedule, train
from cnets.training.bank import Bank
from cnets.training.batches import inputs
from cnets.training.fast.joint import JointUpdate
from cnets.training.lanes.stack import Stack
from cnets.training.updates import by_stage, joint


@pytest.fixture
def tiny() -> TrainConfig:
    """Small networks and batches, every loss with a weight of its own."""
    return presets.preset("tiny").replace(
        {
            "networks.joints": 5,
            "latent_size": 6,
            "joint.batch_size": 12,
            "labelled_ratio": 0.5,
            "joint.depth_clip": 0.3,
            "losses.adversarial": 0.7,
            "losses.posterior": 2.0,
            "losses.smoothness": 0.5,
            "losses.feature_matching": 3.0,
            "losses.depth_reconstruction": 1.5,
        }
    )


def enlarged(hands: HandData, side_px: int) -> HandData:
    """The same hands with every pixel repeated."""
    times = side_px // hands.side_px
    crops = hands.crops.repeat(times, 1).repeat(times, 2)
    return dataclasses.replace(hands, crops=np.ascontiguousarray(crops))


def trained(hands, one, dtype, updates, *, quick):
    """A stack after some joint updates, and the terms of each of them."""
    bank = Bank(hands, dtype=dtype)
    modules = bank.modules(one)
    stack = Stack(
        [bank.lane(one)], {name: modules[name] for name in schedule.NETWORKS["joint"]}
    )
    update = JointUpdate(stack) if quick else joint.update
    rate = torch.tensor([1e-3], dtype=dtype)
    longer = one.replace({"joint.steps": updates})
    found = []
    for drawn in inputs.of_epoch(bank.frames, longer, "joint", 0):
        batch = {name: value.unsqueeze(0) for name, value in drawn.items()}
        terms = update(stack, batch, rate)
        found.append({name: term.item() for name, term in terms.items()})
    return stack, found


def numbers(stack):
    """Every number that an update may change, by name."""
    found = dict(stack.flat.items())
    for name, net in stack.nets.items():
        found |= {f"{name} {key}": value for key, value in net.buffers.items()}
    for update, by_name in stack.moments.items():
        for name, moments in by_name.items():
            parts = vars(moments).items()
            found |= {f"{update} {name} {key}": value for key, value in parts}
    return found


def errors(hands, one, updates, *, quick):
    """Largest relative distance of every term from a run in double precision."""
    _, exact = trained(hands, one, torch.float64, updates, quick=False)
    _, found = trained(hands, one, torch.float32, updates, quick=quick)
    return {
        name: max(
            abs(a[name] - b[name]) / abs(b[name])
            for a, b in zip(found, exact, strict=True)
        )
        for name in exact[0]
    }


class TestEqualsTheReference:
    @pytest.mark.parametrize("side_px", [32, 64, 128])
    def test_in_double_precision(self, hands, tiny, side_px):
        """Terms, weights, statistics and moments agree to 1e-10."""
        one = tiny.replace({"networks.side_px": side_px, "networks.channels": 4})
        large = enlarged(hands, side_px)
        mine, terms = trained(large, one, torch.float64, 3, quick=True)
        reference, expected = trained(large, one, torch.float64, 3, quick=False)
        for found, plain in zip(terms, expected, strict=True):
            assert found.keys() == plain.keys()
            assert found == pytest.approx(plain, rel=1e-10)
        after, wanted = numbers(mine), numbers(reference)
        assert after.keys() == wanted.keys()
        for name, value in wanted.items():
            close = {"rtol": 1e-10, "atol": 1e-10, "msg": name}
            torch.testing.assert_close(after[name], value, **close)

    def test_single_precision_is_as_good(self, hands, tiny):
        """Over 20 updates no term strays further than three times the plain one's.

        Both are held against the plain update in double precision; the
        largest error of all terms counts, and 1e-6 is free.
        """
        mine = errors(hands, tiny, 20, quick=True)
        plain = errors(hands, tiny, 20, quick=False)
        assert max(mine.values()) < 3 * max(plain.values()) + 1e-6

    def test_a_whole_run(self, hands, tiny):
        """A fast run reports what a plain one reports."""
        steps = {"vae.epochs": 1, "gan.epochs": 1, "joint.epochs": 2, "joint.steps": 3}
        short = tiny.replace(steps | {"vae.steps": 3, "gan.steps": 2})
        runs = [
            list(train.train(Bank(hands, dtype=torch.float64), one))
            for one in (short.replace({"joint.fast": 1}), short)
        ]
        for mine, plain in zip(*runs, strict=True):
            assert mine.terms == pytest.approx(plain.terms, rel=1e-9)
            assert mine.metrics == pytest.approx(plain.metrics, rel=1e-6)
            assert mine.health == pytest.approx(plain.health, rel=1e-9)

    def test_a_configuration_asks_for_it(self, hands, tiny, monkeypatch):
        """With `joint.fast` every joint update of a lane alone is one of these."""
        made = []
        monkeypatch.setattr(
            by_stage, "JointUpdate", lambda s: made.append(s) or JointUpdate(s)
        )
        short = tiny.replace({"vae.epochs": 1, "vae.steps": 1, "gan.epochs": 0})
        short = short.replace({"joint.warm_up_epochs": 0, "joint.steps": 1})
        for wanted in (0, 1):
            made.clear()
            one = short.replace({"joint.fast": wanted, "joint.epochs": 2})
            list(train.train(Bank(hands), one))
            assert len(made) == 2 * wanted


class TestRepeats:
    def test_to_the_last_bit(self, hands, tiny):
        """Two runs of five updates in single precision end in the same numbers."""
        first, terms = trained(hands, tiny, torch.float32, 5, quick=True)
        second, again = trained(hands, tiny, torch.float32, 5, quick=True)
        assert terms == again
        twice = numbers(second)
        for name, value in numbers(first).items():
            assert torch.equal(value, twice[name]), name


class TestWhoTakesIt:
    def test_several_lanes_are_refused(self, hands, tiny):
        """The sentence says how many lanes there were."""
        bank = Bank(hands)
        modules = bank.modules(tiny)
        stack = Stack(
            [bank.lane(tiny), bank.lane(tiny)],
            {name: modules[name] for name in schedule.NETWORKS["joint"]},
        )
        with pytest.raises(ValueError, match="must hold one lane to be fast, got 2"):
            JointUpdate(stack)

    def test_another_stack_is_refused(self, hands, tiny):
        """An update looks at the numbers of one stack only."""
        stack, _ = trained(hands, tiny, torch.float32, 1, quick=False)
        other, _ = trained(hands, tiny, torch.float32, 1, quick=False)
        with pytest.raises(ValueError, match="must be the one that the update was"):
            JointUpdate(stack)(other, {}, torch.tensor([1e-3]))

    def test_lanes_side_by_side_take_the_plain_one(self, hands, tiny):
        """Two fast lanes together end like two plain ones, bit by bit."""
        one = tiny.replace({"vae.epochs": 1, "vae.steps": 1, "gan.epochs": 0})
        one = one.replace({"joint.warm_up_epochs": 0, "joint.steps": 1})
        ends = []
        for quick in (1, 0):
            one, bank = one.replace({"joint.fast": quick}), Bank(hands)
            lanes = [bank.lane(one), bank.lane(one.replace({"seed": 1}))]
            for _ in range(2):
                bank.advance(lanes)
            ends.append([lane.flat["trunk"] for lane in lanes])
        for mine, plain in zip(*ends, strict=True):
            assert torch.equal(mine, plain)
