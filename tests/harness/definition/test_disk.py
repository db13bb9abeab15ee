"""Tests of `harness.definition.disk`: what a search says it will need on disk."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from cnets import presets
from cnets.data.opening import open_data
from cnets.training import sizes, state
from cnets.training.bank import Bank
from harness.definition.disk import Forecast, forecast


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny run after an epoch of its joint stage, and its data."""
    data = open_data("synthetic:40", side_px=32, cache=tmp_path_factory.mktemp("c"))
    config = presets.preset("tiny").replace(
        {
            "vae.epochs": 1,
            "gan.epochs": 1,
            "joint.warm_up_epochs": 1,
            "networks.side_px": 32,
            "networks.joints": data.joints,
        }
    )
    bank = Bank(data)
    lane = bank.lane(config)
    while lane.stage != "joint" or lane.epoch < 1:
        bank.advance([lane])
    return lane


def test_a_checkpoint_is_no_larger_than_was_said(trained, tmp_path):
    """One live trial: three versions; each is at most a third, and over a tenth."""
    state.save_lane(trained, tmp_path / "at")
    size = sum(path.stat().st_size for path in (tmp_path / "at").iterdir())
    weights, buffers = sizes.of_networks(trained.config)
    said = forecast(
        trained.config,
        weights=weights,
        buffers=buffers,
        trials=1,
        ratios=1,
        slots=1,
        keep=0,
        strips=0,
    )
    tensors = size - (tmp_path / "at" / state.HEADER).stat().st_size
    assert tensors <= said.checkpoints / 3 + 32768  # names of the tensors
    assert tensors > said.checkpoints / 10


def test_more_of_anything_needs_more(trained):
    """Slots, kept trials, trials and larger networks each cost something."""
    plain = {
        "weights": 2**20,
        "buffers": 2**14,
        "trials": 8,
        "ratios": 2,
        "slots": 2,
        "keep": 1,
        "strips": 2,
    }
    first = forecast(trained.config, **plain)
    for name in plain:
        more = forecast(trained.config, **{**plain, name: plain[name] * 2})
        assert more.total > first.total, name


def test_the_sentence_says_what_is_needed_and_what_is_free(tmp_path):
    """Too little space is said, and a folder that is not there yet is no error."""
    small = Forecast(checkpoints=3 * 2**20, rows=2**20, pictures=0)
    said = small.sentence(tmp_path / "not" / "there")
    assert said.startswith("at most 4.0 MiB of disk (3.0 MiB of checkpoints), ")
    assert "too little" not in said
    free = shutil.disk_usage(tmp_path).free
    large = dataclasses.replace(small, checkpoints=2 * free)
    assert "too little" in large.sentence(Path(tmp_path))
