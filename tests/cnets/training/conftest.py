"""A run of every stage that ends within a second, for the tests of bank and judge."""

import pytest

from cnets import presets
from cnets.config import TrainConfig


SHORT = {
    "networks.joints": 5,
    "latent_size": 6,
    "vae.epochs": 2,
    "vae.steps": 4,
    "gan.epochs": 2,
    "gan.steps": 2,
    "joint.warm_up_epochs": 1,
    "joint.epochs": 2,
    "joint.steps": 3,
    "vae.batch_size": 16,
    "gan.batch_size": 8,
    "joint.batch_size": 8,
}


@pytest.fixture
def short() -> TrainConfig:
    """Every stage, a few updates each."""
    return presets.preset("tiny").replace(SHORT)
