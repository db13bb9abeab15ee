"""Stacks of the smallest networks with a batch, for the tests of the updates."""

from collections.abc import Callable

import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.training import schedule
from cnets.training.bank import Bank
from cnets.training.batches import inputs
from cnets.training.lanes.stack import Stack
from cnets.training.updates import by_stage


@pytest.fixture
def tiny() -> TrainConfig:
    """The smallest networks and batches."""
    return presets.preset("tiny").replace(
        {
            "networks.joints": 5,
            "latent_size": 6,
            "vae.batch_size": 8,
            "gan.batch_size": 8,
            "joint.batch_size": 8,
        }
    )


@pytest.fixture
def stacked(hands) -> Callable:
    """Makes a stack in double precision, and one batch for it."""

    def make(configs, stage, number=0, data=hands, names=None):
        bank = Bank(data, dtype=torch.float64)
        lanes = [bank.lane(config) for config in configs]
        modules = bank.modules(configs[0])
        names = names or schedule.networks_of(configs[0], stage)
        stack = Stack(lanes, {name: modules[name] for name in names})
        drawn = [next(inputs.of_epoch(bank.frames, c, stage, number)) for c in configs]
        batch = {name: torch.stack([d[name] for d in drawn]) for name in drawn[0]}
        return stack, batch

    return make


@pytest.fixture
def changed(stacked, tiny) -> Callable:
    """Finds the networks whose parameters one update of a stage moves."""

    def find(stage, weights=None) -> set[str]:
        stack, batch = stacked([tiny.replace(weights or {})], stage)
        before = {name: flat.clone() for name, flat in stack.flat.items()}
        rate = torch.tensor([1e-2], dtype=torch.float64)
        by_stage.of_stack(stack, stage)(stack, batch, rate)
        flats = stack.flat.items()
        return {name for name, flat in flats if not torch.equal(flat, before[name])}

    return find
