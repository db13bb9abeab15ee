"""Tests of `cnets.inference.models`: where a model comes from."""

import shutil

import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.opening import open_data
from cnets.inference import models, published
from cnets.training import state
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane


@pytest.fixture
def run() -> TrainConfig:
    """A run of a small hand."""
    return presets.preset("tiny").replace({"networks.joints": 21})


@pytest.fixture
def lane(run, tmp_path) -> Lane:
    """Its networks before the first epoch."""
    data = open_data("synthetic:20", side_px=32, cache=tmp_path / "cache")
    return Bank(data).lane(run)


class TestOpenModel:
    @pytest.mark.parametrize("inside", [".", "run"])
    def test_the_newest_checkpoint(self, lane, tmp_path, inside):
        """Of two checkpoints the later one is read, wherever the run put them."""
        folder = tmp_path / "out"
        state.save_lane(lane, folder / inside / "at-0-000000")
        lane.flat["trunk"] += 1
        state.save_lane(lane, folder / inside / "at-3-000001")
        found = models.open_model(str(folder))
        assert found.digest() == models.of_lane("", lane).digest()
        assert found.skeleton.name == "hand21"

    def test_a_damaged_one(self, lane, tmp_path):
        """The one before it is read; if none is whole, that is said."""
        first = models.of_lane("", lane).digest()
        state.save_lane(lane, tmp_path / "at-0-000000")
        shutil.copytree(tmp_path / "at-0-000000", tmp_path / "at-1-000000")
        (tmp_path / "at-1-000000" / "lane.safetensors").write_bytes(b"half")
        assert models.open_model(str(tmp_path)).digest() == first
        (tmp_path / "at-0-000000" / "lane.safetensors").write_bytes(b"half")
        with pytest.raises(ValueError, match="is damaged"):
            models.open_model(str(tmp_path))

    @pytest.mark.parametrize("name", ["nowhere", "", "published:nowhere"])
    def test_no_folder(self, name, tmp_path, monkeypatch):
        """A name that is no folder is refused."""
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ValueError, match="`model`"):
            models.open_model(name)

    @pytest.mark.parametrize("share", [None, "test:0.02"])
    def test_which_test_frames_it_has_seen(self, run, tmp_path, share):
        """The files of a run say what it was trained on besides training frames."""
        cache = tmp_path / "cache"
        data = open_data("synthetic:1060", side_px=32, unlabelled=share, cache=cache)
        state.save_lane(Bank(data).lane(run), tmp_path / "out" / "at-0-000000")
        assert models.open_model(str(tmp_path / "out")).seen == share


class TestIntoLane:
    def test_there_and_back(self, lane):
        """The lane has the model's networks, and none of its own optimisers."""
        torch.manual_seed(7)
        other = models.of_lane("", lane)
        for module in other.modules.values():
            for tensor in module.state_dict().values():
                if tensor.is_floating_point():
                    tensor.uniform_(0.5, 1.0)
        models.into_lane(other, lane)
        assert models.of_lane("", lane).digest() == other.digest() == lane.origin
        assert lane.moments == {}

    def test_another_size(self, lane, realdata):
        """A model of other networks is refused, naming the part."""
        weights = realdata / "crossingnet_weights" / "NYU_pretrained"
        with pytest.raises(ValueError, match="`init` must fit the run's networks"):
            models.into_lane(published.load(str(weights)), lane)
