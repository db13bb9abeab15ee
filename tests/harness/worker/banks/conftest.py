"""Runs of a second or two for a bank, which counts in float64."""

import functools

import pytest
import torch

from cnets import presets
from cnets.training.bank import Bank
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.worker import process_bank


SHORT = {
    "networks.joints": 21,
    "vae.epochs": 1,
    "vae.steps": 3,
    "gan.epochs": 1,
    "gan.steps": 2,
    "joint.epochs": 3,
    "joint.steps": 2,
    "gan.batch_size": 8,
    "joint.batch_size": 8,
    "health.patience_epochs": 9,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> DataChoice:
    """Forty embedded frames."""
    cache = str(tmp_path_factory.mktemp("cache"))
    return DataChoice(spec="synthetic:40", side_px=32, split=None, cache=cache)


@pytest.fixture
def make_job(data, tmp_path):
    """Makes runs of a second or two, each with a folder of its own."""

    def make(name: str, changes=None) -> Job:
        return Job(
            trial=name,
            config=presets.preset("tiny").replace(SHORT | (changes or {})),
            data=data,
            checkpoints=str(tmp_path / name),
            picture_steps=(3,),
            test=True,
        )

    return make


@pytest.fixture(autouse=True)
def _double(monkeypatch) -> None:
    """Banks count in float64: in float32 rounding soon sets equal runs apart."""

    @functools.lru_cache
    def bank(choice: DataChoice, device: str, rows: int | None = None) -> Bank:
        data = single(choice, device).data
        return Bank(data, device, torch.float64, width=rows)

    single = process_bank.bank
    monkeypatch.setattr(process_bank, "bank", bank)
