import json

import pytest
import torch

from cnets import config, state, train
from cnets.bank import Bank
from cnets.lanes import Lane


@pytest.fixture
def bank(hands) -> Bank:
    """On the small data set."""
    return Bank(hands)


@pytest.fixture
def lane(bank) -> Lane:
    """A fresh lane with short stages."""
    short = {
        "networks.joints": 5,
        "latent_size": 6,
        "vae.epochs": 1,
        "vae.steps": 2,
        "gan.epochs": 1,
        "gan.steps": 2,
        "joint.epochs": 3,
        "joint.steps": 2,
        "gan.batch_size": 8,
        "joint.batch_size": 8,
    }
    return bank.lane(config.preset("tiny").replace(short))


def tensors(lane: Lane) -> dict[str, torch.Tensor]:
    """Every tensor of a lane by name."""
    return state._tensors(lane)


@pytest.mark.parametrize("epochs", range(6))
def test_a_restored_run_equals_the_uninterrupted_one(bank, lane, tmp_path, epochs):
    """Saved after any epoch and read back, it ends in the same bits."""
    for _ in range(epochs):
        bank.advance([lane])
    state.save_lane(lane, tmp_path)
    restored = state.load_lane(tmp_path)
    first = [r.metrics | r.terms for r in train.train(bank, lane)]
    second = [r.metrics | r.terms for r in train.train(bank, restored)]
    assert first == second
    ends, others = tensors(lane), tensors(restored)
    assert ends.keys() == others.keys()
    assert all(torch.equal(value, others[name]) for name, value in ends.items())


def test_what_is_written_is_read(bank, lane, tmp_path):
    """Configuration, stage and epoch come back with the tensors."""
    bank.advance([lane])
    digest = state.save_lane(lane, tmp_path)
    restored = state.load_lane(tmp_path)
    assert (restored.config, restored.stage, restored.epoch) == (lane.config, "gan", 0)
    assert json.loads((tmp_path / "lane.json").read_text())["sha256"] == digest


@pytest.mark.parametrize("name", ["lane.safetensors", "lane.json"])
def test_damage_is_named_and_never_used(lane, tmp_path, name):
    """A file that is cut or missing is no checkpoint."""
    state.save_lane(lane, tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(state.Damaged, match=str(tmp_path)):
        state.load_lane(tmp_path)
    path.unlink()
    with pytest.raises(state.Damaged, match=str(tmp_path)):
        state.load_lane(tmp_path)


def test_every_flipped_bit_is_seen(lane, tmp_path):
    """One bit flipped anywhere in the tensors is found by the checksum."""
    state.save_lane(lane, tmp_path)
    path = tmp_path / "lane.safetensors"
    content = bytearray(path.read_bytes())
    places = torch.randint(len(content), (20,)).tolist()
    for place in places:
        content[place] ^= 1
        path.write_bytes(content)
        with pytest.raises(state.Damaged, match="checksum"):
            state.load_lane(tmp_path)
        content[place] ^= 1


def test_a_newer_layout_is_refused(lane, tmp_path):
    """A checkpoint of a later version is not guessed at."""
    state.save_lane(lane, tmp_path)
    header = json.loads((tmp_path / "lane.json").read_text())
    (tmp_path / "lane.json").write_text(json.dumps(header | {"version": 2}))
    with pytest.raises(ValueError, match="must have version 1, got 2"):
        state.load_lane(tmp_path)
