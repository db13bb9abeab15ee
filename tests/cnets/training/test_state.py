import hashlib
import json
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from cnets import presets, sealed
from cnets.config import Retired
from cnets.training import state, train
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane


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
    return bank.lane(presets.preset("tiny").replace(short))


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


def test_the_hand_is_written_too(bank, lane, tmp_path):
    """Joints, side and camera are those of the data; an older file has none."""
    state.save_lane(lane, tmp_path)
    about = state.load_lane(tmp_path).subject
    assert about is not None
    assert about.facts() == lane.subject.facts()
    assert about.skeleton.joint_names == bank.data.skeleton.joint_names
    assert (about.hand, about.camera) == (bank.data.hand, bank.data.camera)
    header = sealed.decode((tmp_path / "lane.json").read_bytes())
    for change in (None, {"hand": "left"}):
        rest = {name: value for name, value in header.items() if name != "subject"}
        changed = rest if change is None else rest | {"subject": change}
        (tmp_path / "lane.json").write_bytes(sealed.encode(changed))
        if change is None:
            assert state.load_lane(tmp_path).subject is None
        else:
            with pytest.raises(state.Damaged, match="`skeleton` must be a name"):
                state.load_lane(tmp_path)


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
    header = sealed.decode((tmp_path / "lane.json").read_bytes())
    (tmp_path / "lane.json").write_bytes(sealed.encode(header | {"version": 3}))
    with pytest.raises(ValueError, match="must have version 2, got 3") as refused:
        state.load_lane(tmp_path)
    assert not isinstance(refused.value, state.Damaged)


def older(lane: Lane, folder: Path) -> dict:
    """Write a checkpoint as version 1 did: no size, no digest of the header."""
    state.save_lane(lane, folder)
    header = sealed.decode((folder / "lane.json").read_bytes())
    del header["bytes"]
    header["version"] = 1
    (folder / "lane.json").write_text(json.dumps(header, indent=1))
    return header


def test_an_older_checkpoint_is_read(bank, lane, tmp_path):
    """Version 1, whose header had no digest, gives the same lane."""
    bank.advance([lane])
    older(lane, tmp_path)
    restored = state.load_lane(tmp_path)
    assert (restored.config, restored.stage) == (lane.config, lane.stage)
    ours, theirs = tensors(lane), tensors(restored)
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


def retired(folder: Path, value: int) -> None:
    """Put a field that was removed into a checkpoint's configuration."""
    header = sealed.decode((folder / "lane.json").read_bytes())
    config = header["config"] | {"joint.fast": value}
    (folder / "lane.json").write_bytes(sealed.encode(header | {"config": config}))


def test_a_checkpoint_with_a_field_that_was_removed(bank, lane, tmp_path):
    """With its harmless value it gives the same lane, which goes on like the run."""
    bank.advance([lane])
    state.save_lane(lane, tmp_path)
    retired(tmp_path, 0)
    restored = state.load_lane(tmp_path)
    assert restored.config == lane.config
    first = [r.metrics | r.terms for r in train.train(bank, lane)]
    assert [r.metrics | r.terms for r in train.train(bank, restored)] == first


def test_a_checkpoint_that_used_what_was_removed(lane, tmp_path):
    """It is refused, and not called damaged."""
    state.save_lane(lane, tmp_path)
    retired(tmp_path, 1)
    with pytest.raises(Retired, match=r"`joint\.fast` was removed"):
        state.load_lane(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "jount"},
        {"epoch": "3"},
        {"epoch": -1},
        {"config": {"latent_sise": 6}},
        {"config": None},
        {"sha256": None},
        {"recent": 3},
        {"version": "1"},
        {"record_sha256": "0" * 64},
    ],
)
def test_an_older_header_that_makes_no_sense_is_damaged(lane, tmp_path, change):
    """What can be told of a header without a digest is."""
    header = older(lane, tmp_path)
    (tmp_path / "lane.json").write_text(json.dumps(header | change, indent=1))
    with pytest.raises(state.Damaged, match=str(tmp_path)):
        state.load_lane(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "[" * 100_000, "\xff"])
def test_no_header_at_all(lane, tmp_path, text):
    """A header that is not even a record is damaged."""
    state.save_lane(lane, tmp_path)
    (tmp_path / "lane.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(state.Damaged, match=str(tmp_path)):
        state.load_lane(tmp_path)


@pytest.mark.parametrize("name", ["who/knows", "moments/vae/net/fourth", "flat/a/b"])
def test_unknown_tensors_are_damage(lane, tmp_path, name):
    """Tensors that no lane has are refused, also under a checksum that matches."""
    state.save_lane(lane, tmp_path)
    content = save({name: torch.zeros(3)})
    header = sealed.decode((tmp_path / "lane.json").read_bytes())
    said = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (tmp_path / "lane.safetensors").write_bytes(content)
    (tmp_path / "lane.json").write_bytes(sealed.encode(header | said))
    with pytest.raises(state.Damaged):
        state.load_lane(tmp_path)


def test_no_tensors_at_all(lane, tmp_path):
    """A file of tensors that is none is refused, also under its own checksum."""
    state.save_lane(lane, tmp_path)
    header = sealed.decode((tmp_path / "lane.json").read_bytes())
    said = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    (tmp_path / "lane.safetensors").write_bytes(b"x")
    (tmp_path / "lane.json").write_bytes(sealed.encode(header | said))
    with pytest.raises(state.Damaged, match="holds no whole checkpoint"):
        state.load_lane(tmp_path)


def test_any_flip_or_cut_is_damage(lane, tmp_path):
    """Of 300 flipped bits and cuts in both files each is `Damaged`, nothing else."""
    state.save_lane(lane, tmp_path)
    draw = random.Random(0)
    for turn in range(300):
        path = tmp_path / ("lane.json", "lane.safetensors")[turn % 2]
        content = path.read_bytes()
        broken = bytearray(content)
        if turn % 3:
            bit = draw.randrange(8 * len(content))
            broken[bit // 8] ^= 1 << bit % 8
        else:
            del broken[draw.randrange(len(content)) :]
        path.write_bytes(broken)
        with pytest.raises(state.Damaged, match=str(tmp_path)):
            state.load_lane(tmp_path)
        path.write_bytes(content)
    assert state.load_lane(tmp_path).config == lane.config


@pytest.mark.parametrize("fails", ["lane.safetensors", "lane.json"])
def test_a_write_that_fails_leaves_no_checkpoint(lane, tmp_path, fails):
    """Neither the old one with new tensors nor a half one, and no litter."""
    state.save_lane(lane, tmp_path)
    (tmp_path / f"{fails}.part").mkdir()
    with pytest.raises(OSError, match="directory"):
        state.save_lane(lane, tmp_path)
    with pytest.raises(state.Damaged):
        state.load_lane(tmp_path)
    (tmp_path / f"{fails}.part").rmdir()
    state.save_lane(lane, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "lane.json",
        "lane.safetensors",
    ]
