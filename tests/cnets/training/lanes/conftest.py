"""A run of every stage with narrow networks, for the tests of lanes in stacks."""

import pytest

from cnets import presets
from cnets.config import TrainConfig


SHORT = {
    "networks.joints": 5,
    "networks.channels": 4,
    "latent_size": 6,
    "vae.epochs": 1,
    "vae.steps": 3,
    "gan.epochs": 1,
    "gan.steps": 2,
    "joint.warm_up_epochs": 1,
    "joint.epochs": 2,
    "joint.steps": 2,
    "vae.batch_size": 16,
    "gan.batch_size": 7,
    "joint.batch_size": 8,
}


@pytest.fixture
def short() -> TrainConfig:
    """Every stage, a few updates each."""
    return presets.preset("tiny").replace(SHORT)
