"""Tests of `harness.exporting.source`: the very networks of a trial, a run, an export."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from cnets.inference import exported, models
from cnets.inference.model import Model
from cnets.training.lanes.lane import Lane
from harness import repeat
from harness.exporting import source
from harness.worker import process_bank, train_runner


TRIAL = "s/t-00001"


@pytest.fixture
def store(tmp_path) -> Path:
    """Where this test's search is."""
    return tmp_path / "runs"


def same(model: Model, lane: Lane) -> bool:
    """Whether a model has a lane's networks to the last bit."""
    theirs = models.of_lane("lane", lane).modules
    return all(
        torch.equal(tensor, theirs[part].state_dict()[name])
        for part, module in model.modules.items()
        for name, tensor in module.state_dict().items()
    )


class TestATrial:
    @pytest.mark.parametrize("steps", [1, 2])
    def test_is_trained_on_from_an_older_checkpoint(
        self, train, store, monkeypatch, steps
    ):
        """A trial that was stopped is as it was at its last report, to the bit."""
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
        trained = train(store, steps=steps)
        before = written(store)
        said: list[str] = []
        opened = source.open_source(TRIAL, store, say=said.append)
        assert same(opened.model, trained.lane)
        assert said == [f"Training {TRIAL} on from its checkpoint to epoch {steps}."]
        assert written(store) == before

    @pytest.mark.parametrize("checkpoints", [True, False])
    def test_of_a_bank_is_that_lane(self, train, store, monkeypatch, checkpoints):
        """Trained on among padding lanes, as it was, to the last bit."""
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
        trained = train(store, steps=2, lanes=3)
        if not checkpoints:
            shutil.rmtree(store / "checkpoints")
        opened = source.open_source(TRIAL, store)
        assert same(opened.model, trained.lane)

    def test_of_another_device_is_said(self, train, store, monkeypatch):
        """Epochs that are trained again elsewhere differ in the last digits."""
        train(store, steps=1)
        again = dataclasses.replace(repeat.stored(store, TRIAL), device="cuda")
        monkeypatch.setattr(source.repeat, "stored", lambda *_: again)
        said: list[str] = []
        source.open_source(TRIAL, store, say=said.append)
        assert f"{TRIAL} was trained on cuda, and its last epochs are on cpu" in said[1]

    def test_without_checkpoints_is_trained_again(self, train, store):
        """The configuration and the seed are enough."""
        trained = train(store, steps=1)
        shutil.rmtree(store / "checkpoints")
        said: list[str] = []
        opened = source.open_source(TRIAL, store, say=said.append)
        assert same(opened.model, trained.lane)
        assert not any("in the store" in line for line in said)
        assert not (store / "checkpoints").exists()

    def test_that_has_ended_is_read_from_its_last_checkpoint(self, train, store):
        """Nothing is trained."""
        trained = train(store, steps=3)
        said: list[str] = []
        opened = source.open_source(TRIAL, store, say=said.append)
        assert same(opened.model, trained.lane)
        assert said == []

    def test_another_error_than_the_stored_one_is_said(self, train, store, monkeypatch):
        """The networks of another run give another error, and both are named."""
        train(store, steps=3)
        monkeypatch.setattr(source, "_saved", lambda *_: fresh(store))
        said: list[str] = []
        source.open_source(TRIAL, store, say=said.append)
        (line,) = said
        assert f"{TRIAL} has " in line
        assert "mm on the validation split here, and" in line


def written(store: Path) -> dict[Path, int]:
    """When each file of the checkpoints was written."""
    found = (store / "checkpoints").rglob("lane.*")
    return {path: path.stat().st_mtime_ns for path in found}


def fresh(store: Path) -> Lane:
    """A lane of the trial's configuration that was never trained."""
    again = repeat.stored(store, TRIAL)
    return process_bank.bank(again.data, "cpu").lane(again.config)


class TestOtherModels:
    def test_a_folder_of_a_run(self, train, store, tmp_path):
        """The newest checkpoint of the folder, under the folder's own name."""
        trained = train(store, steps=3)
        opened = source.open_source(str(store / "checkpoints" / TRIAL), tmp_path)
        assert same(opened.model, trained.lane)
        assert opened.origin == {"kind": "run", "name": "t-00001"}
        assert opened.data is None

    def test_an_export_keeps_where_it_came_from(self, train, store, tmp_path):
        """Exported twice, the origin is the first one."""
        train(store, steps=3)
        model = source.open_source(TRIAL, store).model
        origin = {"kind": "published", "name": "nyu"}
        exported.write(
            model,
            tmp_path / "one",
            graph=b"",
            card="",
            origin=origin,
            code_version="",
        )
        assert source.open_source(str(tmp_path / "one"), store).origin == origin


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("synthetic", "synthetic"),
        ("synthetic:40", "synthetic:40"),
        ("poses:/home/somebody/nyu", "poses:nyu"),
        ("nyu+mirror:/data/secret project/nyu", "nyu+mirror:nyu"),
        ("/home/somebody/runs/best", "best"),
    ],
)
def test_names_lose_the_folder_they_lie_in(spec, shown):
    """A card is for strangers."""
    assert source.plain(spec) == shown
