"""Tests of `cnets.training.lanes.stack`: lanes beside each other and solo runs.

The truth is a run that is alone: `Bank` of width 1, which neither stacks nor widens
anything. Widths, codes, labels, weights and rates vary; images are tiny.
"""

from typing import Any

import pytest
import torch
from torch import Tensor

from cnets.config import TrainConfig
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane, take
from cnets.training.lanes.stack import Stack


VARIED: tuple[dict[str, Any], ...] = (
    {},
    {"seed": 1, "latent_size": 9, "labelled_ratio": 0.5, "losses.posterior": 3.0},
    {"seed": 2, "joint.learning_rate": 5e-3, "losses.smoothness": 0.1},
    {"seed": 3, "latent_size": 20, "losses.feature_matching": 4.0, "joint.decay": 0.5},
    {"seed": 4, "latent_size": 2, "labelled_ratio": 0.2, "vae.learning_rate": 1e-3},
    {"seed": 5, "latent_size": 9, "losses.adversarial": 0.3, "losses.kl": 0.1},
    {"seed": 6, "vae.noise_std": 0.3, "losses.depth_reconstruction": 5.0},
    {"seed": 7, "latent_size": 64, "gan.learning_rate": 1e-3, "label_seed": 3},
)


def varied(short: TrainConfig, count: int, first: int = 0) -> list[TrainConfig]:
    """Configurations that differ in everything that may differ in a stack."""
    return [short.replace(change) for change in VARIED[first : first + count]]


def tensors(lane: Lane) -> dict[str, Tensor]:
    """All numbers of a lane, by name."""
    found = dict(lane.flat)
    for name, buffers in lane.buffers.items():
        found |= {f"{name}/{n}": buffer for n, buffer in buffers.items()}
    for update, by_name in lane.moments.items():
        for name, moments in by_name.items():
            for part, tensor in vars(moments).items():
                found[f"{update}/{name}/{part}"] = tensor
    return found


def assert_same_bits(first: Lane, second: Lane) -> None:
    """Two lanes are at one place and hold the same numbers."""
    assert (first.stage, first.epoch) == (second.stage, second.epoch)
    ours, theirs = tensors(first), tensors(second)
    assert ours.keys() == theirs.keys()
    assert [n for n, t in ours.items() if not torch.equal(t, theirs[n])] == []


def apart(ours: Tensor, exact: Tensor) -> float:
    """Norm of the difference over the norm."""
    return ((ours - exact).norm() / exact.norm().clamp(min=1e-30)).item()


def apart_elementwise(ours: Tensor, exact: Tensor) -> float:
    """Largest relative difference of an element.

    Elements below the root mean square of the network's parameters are measured
    against that: close to zero a relative difference says nothing.
    """
    floor = exact.square().mean().sqrt().clamp(min=1e-30)
    return ((ours - exact).abs() / exact.abs().clamp(min=floor.item())).max().item()


def within(name: str) -> float:
    """How far apart elements of a network may be.

    The smoother's last bias cancels in every difference of embeddings. Its gradient is
    rounding alone, around 1e-16, and Adam divides that by 1e-8.
    """
    return 1e-6 if name == "smoother" else 1e-8


def at_joint(bank: Bank, one: TrainConfig) -> Lane:
    """A lane that is about to begin the joint stage, trained alone."""
    lane = bank.lane(one)
    while lane.stage != "joint":
        bank.advance([lane])
    return lane


def fill(lane: Lane, value: float) -> None:
    """Put one value into every parameter."""
    for flat in lane.flat.values():
        flat.fill_(value)


class TestLanesEqualSoloRuns:
    def test_twenty_joint_updates_in_double_precision(self, hands, short, device):
        """After every stage and 20 joint updates parameters agree within 1e-8."""
        longer = short.replace({"joint.epochs": 2, "joint.steps": 10})
        configs = varied(longer, 8)
        alone = Bank(hands, device, torch.float64, width=1)
        solo = [alone.lane(one) for one in configs]
        while not solo[0].finished:
            alone.advance(solo)
        for width in (2, 5, 8):
            together = Bank(hands, device, torch.float64, width=width)
            lanes = [together.lane(one) for one in configs[:width]]
            while not lanes[0].finished:
                together.advance(lanes)
            for lane, exact in zip(lanes, solo, strict=False):
                assert exact.flat.keys() == lane.flat.keys()
                for name, flat in exact.flat.items():
                    assert apart(lane.flat[name], flat) < 1e-8
                    assert apart_elementwise(lane.flat[name], flat) < within(name)

    @pytest.mark.parametrize("width", [2, 5, 8])
    def test_one_gradient_in_single_precision(self, hands, short, device, width):
        """After one joint update Adam's first moments agree within 1e-4."""
        once = short.replace({"joint.steps": 1})
        banks = [Bank(hands, device, width=k) for k in (1, width)]
        starts = [at_joint(banks[0], one) for one in varied(once, width)]
        solo = [copied(lane) for lane in starts]
        for lane in solo:
            banks[0].advance([lane])
        banks[1].advance(starts)
        for lane, exact in zip(starts, solo, strict=True):
            assert lane.moments.keys() == {"discriminator", "generator"}
            for update, by_name in exact.moments.items():
                for name, moments in by_name.items():
                    first = lane.moments[update][name].first
                    assert apart(first, moments.first) < 1e-4

    def test_terms_are_the_solo_runs(self, hands, short):
        """Means over a code count the lane's own numbers, not the room's."""
        configs = varied(short, 3)
        seen = []
        for width in (1, 3):
            bank = Bank(hands, dtype=torch.float64, width=width)
            lanes = [bank.lane(one) for one in configs]
            while not lanes[0].finished:
                bank.advance(lanes)
            seen.append([lane.terms for lane in lanes])
        for solo, ours in zip(*seen, strict=True):
            assert ours == pytest.approx(solo, rel=1e-8)

    def test_width_one_is_the_plain_run(self, hands, short):
        """A bank of width 1 gives the bits of a lane alone in a bank of none."""
        lanes = []
        for width in (None, 1):
            bank = Bank(hands, width=width)
            lanes.append(bank.lane(short))
            while not lanes[-1].finished:
                bank.advance([lanes[-1]])
        assert_same_bits(*lanes)


def copied(lane: Lane) -> Lane:
    """A lane of its own with the same numbers."""
    found = Lane(lane.config, lane.stage, lane.epoch)
    found.flat = {n: flat.clone() for n, flat in lane.flat.items()}
    found.buffers = {
        n: {k: b.clone() for k, b in buffers.items()}
        for n, buffers in lane.buffers.items()
    }
    return found


@pytest.mark.parametrize("width", [3, 8])
class TestNeighboursChangeNoBit:
    @pytest.fixture
    def bank(self, hands, device, width) -> Bank:
        """A bank of one fixed width."""
        return Bank(hands, device, width=width)

    @pytest.fixture
    def expected(self, bank, short) -> Lane:
        """The lane's end when only padding lanes are beside it."""
        lane = bank.lane(short)
        while not lane.finished:
            bank.advance([lane])
        return lane

    def test_whatever_they_hold_and_in_every_row(self, bank, expected, short, width):
        """Full stacks of other configurations, the lane in each row in turn."""
        others = varied(short, 7, 1)
        for row in (0, 1, width - 1):
            configs = (others[row:] + others[:row])[: width - 1]
            lanes = [bank.lane(one) for one in (*configs[:row], short, *configs[row:])]
            while not lanes[row].finished:
                bank.advance(lanes)
            assert_same_bits(lanes[row], expected)

    def test_when_they_stop_and_others_take_their_place(self, bank, expected, short):
        """A neighbour ends, another comes in at an earlier stage, one goes on."""
        lane, first, second = (bank.lane(one) for one in varied(short, 3))
        bank.advance([first])
        bank.advance([lane, first, second])
        bank.advance([second, lane])
        while not lane.finished:
            if second.finished:
                second = bank.lane(short.replace({"seed": 8}))
            bank.advance([second, lane])
        assert_same_bits(lane, expected)

    def test_when_it_is_saved_and_restored(self, bank, expected, short, tmp_path):
        """After each epoch the lane goes through a file and to another row."""
        pytest.importorskip("safetensors")  # `make gpu` does without
        from cnets.training import state

        lane = bank.lane(short)
        epoch = 0
        while not lane.finished:
            others = [bank.lane(one) for one in varied(short, 1 + epoch % 2, 1)]
            beside = [*others]
            beside.insert(epoch % 3, lane)
            for other in others:
                other.stage = lane.stage
            bank.advance(beside)
            state.save_lane(lane, tmp_path)
            lane = state.load_lane(tmp_path, bank.device)
            epoch += 1
        assert_same_bits(lane, expected)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
    def test_when_one_diverges(self, bank, expected, short, value):
        """A neighbour without a finite number reaches nobody."""
        lanes = [bank.lane(one) for one in varied(short, 2)]
        reports = []
        while not lanes[0].finished:
            fill(lanes[1], value)
            reports = bank.advance(lanes)
        assert_same_bits(lanes[0], expected)
        found = reports[1].finding
        assert found is not None
        assert found.state == "diverged"

    def test_when_it_is_the_one_that_padding_lanes_copy(self, bank, short):
        """With a diverged lane in front the second one's bits are as ever."""
        ends = []
        for broken in (False, True):
            lanes = [bank.lane(one) for one in reversed(varied(short, 2))]
            while not lanes[1].finished:
                if broken:
                    fill(lanes[0], float("nan"))
                bank.advance(lanes)
            ends.append(lanes[1])
        assert_same_bits(*ends)

    def test_more_lanes_than_rows(self, bank, expected, short, width):
        """The lanes beyond the width form a stack of their own."""
        configs = [short.replace({"seed": 20 + k}) for k in range(width)]
        lanes = [bank.lane(one) for one in (*configs, short)]
        while not lanes[0].finished:
            bank.advance(lanes)
        assert_same_bits(lanes[-1], expected)


@pytest.mark.parametrize("rows", [2, 3, 40])
def test_every_row_steps_alike(short, device, rows):
    """Rows of one gradient keep one value, also where an array's end falls."""
    lane, module = Lane(short), torch.nn.Linear(37, 27)
    take(lane, "layer", module.to(device))
    stack = Stack([lane], {"layer": module}, rows=rows)
    rate = torch.full((rows,), 1e-3, device=device)
    for _ in range(20):
        gradient = torch.randn(1, 37 * 27 + 27).to(device).repeat(rows, 1)
        stack.step("update", {"layer": gradient}, rate)
    flat = stack.flat["layer"]
    assert [k for k in range(rows) if not torch.equal(flat[k], flat[0])] == []
