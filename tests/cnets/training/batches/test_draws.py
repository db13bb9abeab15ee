"""Tests of `cnets.training.batches.draws`: what an epoch depends on."""

import dataclasses

import numpy as np
import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.data import splits
from cnets.training import schedule
from cnets.training.batches import draws
from cnets.training.batches.frames import Frames


@pytest.fixture
def frames(hands) -> Frames:
    """The small set on the CPU."""
    return Frames(hands, torch.device("cpu"), torch.float32)


@pytest.fixture
def run() -> TrainConfig:
    """Three updates a stage, half of the frames labelled."""
    changes = {"networks.joints": 5, "latent_size": 6, "labelled_ratio": 0.5}
    steps = {f"{stage}.steps": 3 for stage in ("vae", "gan", "joint")}
    sizes = {f"{stage}.batch_size": 8 for stage in ("vae", "gan", "joint")}
    return presets.preset("tiny").replace(changes | steps | sizes)


@pytest.mark.parametrize("stage", schedule.STAGES)
class TestEveryStage:
    def test_repeats(self, frames, run, stage):
        """An epoch that is drawn again is the same to the last bit."""
        first, second = (draws.of_epoch(frames, run, stage, 4) for _ in range(2))
        assert first.keys() == second.keys()
        assert all(torch.equal(first[name], second[name]) for name in first)

    @pytest.mark.parametrize("change", [{"seed": 1}, {}])
    def test_seed_and_epoch_matter(self, frames, run, stage, change):
        """Another seed, and the next epoch of the same one, draw other rows."""
        first = draws.of_epoch(frames, run, stage, 0)["rows"]
        number = 0 if change else 1
        second = draws.of_epoch(frames, run.replace(change), stage, number)["rows"]
        assert not torch.equal(first, second)

    def test_the_order_of_the_data_does_not_depend_on_the_code(
        self, frames, run, stage
    ):
        """Rows are the same for codes of two sizes."""
        wide = run.replace({"latent_size": 20})
        first, second = (draws.of_epoch(frames, r, stage, 0) for r in (run, wide))
        assert torch.equal(first["rows"], second["rows"])

    def test_changes_of_the_hands_take_nothing_from_the_rest(self, frames, run, stage):
        """With them on, rows and noise are what they were; off, there are none."""
        plain = draws.of_epoch(frames, run, stage, 4)
        turned = run.replace({"augment.rotation_deg": 20.0, "augment.shift_mm": 5.0})
        found = draws.of_epoch(frames, turned, stage, 4)
        assert all(torch.equal(plain[name], found[name]) for name in plain)
        names = {"moves", "other_moves"} if "others" in plain else {"moves"}
        assert found.keys() - plain.keys() == names
        assert all(found[name].shape == (3, 8, 5) for name in names)
        assert (found["moves"][..., 2:] == 0).all() == (stage == "vae")
        again = draws.of_epoch(frames, turned.replace({"latent_size": 9}), stage, 4)
        assert all(torch.equal(found[name], again[name]) for name in names)
        later = draws.of_epoch(frames, turned, stage, 5)
        assert not torch.equal(found["moves"], later["moves"])

    def test_copies_take_nothing_from_the_rest(self, frames, run, stage):
        """Where they are on, only the joint stage draws more: a change for each copy."""
        changed = run.replace({"augment.rotation_deg": 20.0})
        plain = draws.of_epoch(frames, changed, stage, 4)
        found = draws.of_epoch(
            frames, changed.replace({"losses.consistency": 1.0}), stage, 4
        )
        assert all(torch.equal(plain[name], found[name]) for name in plain)
        more = {"copy_moves"} if stage == "joint" else set()
        assert found.keys() - plain.keys() == more
        for name in more:
            assert found[name].shape == (3, 8, 5)
            assert not torch.equal(found[name], found["other_moves"])
            later = draws.of_epoch(
                frames, changed.replace({"losses.consistency": 2.0}), stage, 5
            )
            assert not torch.equal(found[name], later[name])


class TestRows:
    def test_labelled_ones_are_those_that_may_be_used(self, frames, run):
        """VAE and joint stage see no other label; the rest is the second half."""
        labelled = frames.labelled(run)
        for stage in ("vae", "joint"):
            rows = draws.of_epoch(frames, run, stage, 0)["rows"]
            assert np.isin(rows.numpy(), labelled).all()
        others = draws.of_epoch(frames, run, "joint", 0)["others"]
        assert not np.isin(others.numpy(), labelled).any()

    def test_frames_without_a_label_are_for_the_gan(self, gappy, run):
        """They are never a labelled row; they are the other half of a joint batch."""
        frames = Frames(gappy, torch.device("cpu"), torch.float32)
        whole = run.replace({"labelled_ratio": 1.0})
        without = set(np.flatnonzero(~gappy.has_label[:60]))
        assert without == set(range(0, 60, 3))
        joint = draws.of_epoch(frames, whole, "joint", 0)
        assert not without & set(joint["rows"].flatten().tolist())
        assert set(joint["others"].flatten().tolist()) <= without
        assert not without & set(
            draws.of_epoch(frames, whole, "vae", 0)["rows"].flatten().tolist()
        )
        many = whole.replace({"gan.steps": 60 // whole.gan.batch_size + 1})
        assert without <= set(
            draws.of_epoch(frames, many, "gan", 0)["rows"].flatten().tolist()
        )

    def test_a_new_person_has_its_share(self, hands, run):
        """Frames of hidden labels come as often as any other without a label."""
        split, joints = hands.split.copy(), hands.joints_mm.copy()
        split[80:], joints[80:] = splits.UNLABELLED, np.nan
        data = dataclasses.replace(hands, split=split, joints_mm=joints)
        frames = Frames(data, torch.device("cpu"), torch.float32)
        for ratio, rest in ((0.5, 30), (1.0, 60)):
            once = {"joint.batch_size": (rest + 10) // 5, "joint.steps": 5}
            wanted = run.replace(once | {"labelled_ratio": ratio})
            joint = draws.of_epoch(frames, wanted, "joint", 0)
            found = sorted(joint["others"].flatten().tolist())
            assert len(found) == len(set(found)) == rest + 10
            assert found[-10:] == list(range(80, 90))
            assert not set(joint["rows"].flatten().tolist()) & set(range(80, 90))

    def test_poses_without_images_are_half_of_the_vaes(self, hands, run):
        """Five rows of eight are labelled; all of the others come, in no other stage."""
        more = np.concatenate([hands.joints_mm] * 2)[:100]
        data = dataclasses.replace(
            hands, more_poses_mm=more, unlabelled=hands.crops[:4]
        )
        frames = Frames(data, torch.device("cpu"), torch.float32)
        assert frames.more.tolist() == list(range(94, 194))
        odd = run.replace({"vae.batch_size": 9, "vae.steps": 25})
        rows = draws.of_epoch(frames, odd, "vae", 0)["rows"].numpy()
        assert np.isin(rows[:, :5], frames.labelled(odd)).all()
        assert sorted(rows[:, 5:].ravel()) == frames.more.tolist()
        for stage in ("gan", "joint"):
            found = draws.of_epoch(frames, run, stage, 0)
            assert (
                max(int(found[n].max()) for n in ("rows", "others") if n in found) < 94
            )


class TestNoise:
    def test_has_the_scale_of_the_configuration(self, frames, run):
        """The same draw, twice as large."""
        twice = run.replace({"vae.noise_std": 2 * run.vae.noise_std})
        first, second = (
            draws.of_epoch(frames, r, "vae", 0)["noise"] for r in (run, twice)
        )
        assert first.shape == (3, 8, 6)
        torch.testing.assert_close(2 * first, second)

    def test_codes_of_the_gan_are_uniform_with_room_for_the_origin(self, frames, run):
        """Six numbers and three of the origin, each in [-1, 1]."""
        code = draws.of_epoch(frames, run.replace({"gan.steps": 50}), "gan", 0)["code"]
        assert code.shape == (50, 8, 9)
        assert code.abs().max() <= 1
        assert code.std().item() == pytest.approx(3**-0.5, abs=0.02)
