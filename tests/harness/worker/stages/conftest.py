"""A run that shares its pre-trainings, and their keys."""

import pytest

from cnets import presets
from cnets.training.sharing import stage_keys
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.worker.train_runner import TrainRunner


SHORT = {
    "networks.joints": 21,
    "networks.channels": 2,
    "vae.epochs": 2,
    "vae.steps": 2,
    "gan.epochs": 2,
    "gan.steps": 2,
    "joint.epochs": 2,
    "joint.steps": 2,
    "gan.batch_size": 8,
    "joint.batch_size": 8,
}


@pytest.fixture
def job(tmp_path) -> Job:
    """A run of a second on forty embedded frames that shares its stages."""
    return Job(
        trial="t-00001",
        search="first",
        config=presets.preset("tiny").replace(SHORT),
        data=DataChoice(
            spec="synthetic:40", side_px=32, split=None, cache=str(tmp_path / "cache")
        ),
        checkpoints=str(tmp_path / "checkpoints" / "first" / "t-00001"),
        stages=str(tmp_path / "stages"),
        hang_after_s=2.0,
    )


@pytest.fixture
def keys():
    """Gives the keys of a run's stages."""
    return keys_of


def keys_of(trained: TrainRunner) -> dict[str, stage_keys.StageKey]:
    """The keys of a run's stages."""
    bank, settings = trained.bank, trained.job.config
    return {s: stage_keys.key(bank, settings, s) for s in stage_keys.SHARED}
