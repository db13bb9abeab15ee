"""Tests of `cnets.training.judge`: what networks do, and that looking changes nothing."""

import dataclasses

import numpy as np
import torch

from cnets import geometry, metrics
from cnets.config import TrainConfig
from cnets.data.crops.rendered import Rendered
from cnets.data.hand_data import HandData
from cnets.data.readers import poses
from cnets.data.splits import VALIDATION
from cnets.inference import published
from cnets.inference.model import Model
from cnets.training import state, train
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane


def finished(bank: Bank, one: TrainConfig) -> Lane:
    """A lane at its end."""
    lane = bank.lane(one)
    for _ in train.train(bank, lane):
        pass
    return lane


def health_of_model(bank: Bank, model: Model) -> dict[str, float]:
    """The figures of trained networks."""
    lane = Lane(model.config, stage="joint")
    for name, module in model.modules.items():
        parts = [p.detach().reshape(-1) for p in module.parameters()]
        lane.flat[name] = torch.cat(parts)
        lane.buffers[name] = dict(module.named_buffers())
    return bank.judge.health(lane)


class TestPredict:
    def test_a_perfect_reader_gives_the_labels(self, hands, short, monkeypatch):
        """With the networks replaced by the truth the error is zero."""
        bank = Bank(hands)
        lane = bank.lane(short)
        units = geometry.to_units(
            torch.tensor(hands.joints_mm), torch.tensor(hands.centres_mm)
        )
        rows = hands.rows("validation")
        monkeypatch.setattr(bank.judge, "_read", lambda *_: units[rows])
        errors = bank.judge.evaluate(lane, "validation")
        assert errors.max() < 1e-3

    def test_it_reads_trunk_posterior_and_decoder_only(self, hands, short):
        """Generator, smoother, real head and encoder are not needed."""
        bank = Bank(hands)
        lane = bank.lane(short)
        before = bank.judge.predict(lane, np.arange(4))
        for name in ("generator", "smoother", "real", "encoder", "alignment"):
            lane.flat[name].zero_()
        assert torch.equal(bank.judge.predict(lane, np.arange(4)), before)

    def test_learning_beats_the_mean_pose(self, hands, short):
        """A short run reads these simple images better than no reading at all."""
        longer = short.replace(
            {"vae.steps": 200, "joint.steps": 40, "joint.epochs": 6, "vae.epochs": 5}
        )
        bank = Bank(hands)
        lane = finished(bank, longer)
        rows, train_rows = hands.rows("validation"), hands.rows("train")
        relative = torch.tensor(hands.joints_mm - hands.centres_mm[:, None])
        mean = relative[train_rows].mean(0)
        baseline = metrics.joint_errors(
            mean.expand(len(rows), -1, -1), relative[rows]
        ).mean()
        assert bank.judge.evaluate(lane, "validation").mean() < 0.75 * baseline


class TestFloor:
    def test_by_hand(self, hands, short):
        """Label, encoder's mean, decoder, and the label's own root: four products."""
        bank = Bank(hands)
        lane, rows = bank.lane(short), hands.rows("test")
        modules = bank.modules(short)
        encoder, decoder = (
            lane.net(name, modules[name]).params for name in ("encoder", "decoder")
        )
        labels = torch.tensor(hands.joints_mm[rows], dtype=torch.float32)
        root = labels[:, :1]
        pose = ((labels - root) / geometry.MM_PER_UNIT).flatten(1)
        hidden = pose @ encoder["hidden.weight"].T + encoder["hidden.bias"]
        code = hidden.clamp(min=0) @ encoder["mean.weight"].T + encoder["mean.bias"]
        hidden = code @ decoder["hidden.weight"].T + decoder["hidden.bias"]
        hidden = torch.where(hidden > 0, hidden, 0.01 * hidden)
        found = hidden @ decoder["pose.weight"].T + decoder["pose.bias"]
        found = found.unflatten(1, (5, 3)) * geometry.MM_PER_UNIT + root
        expected = (found - labels).norm(dim=-1)
        floor = bank.judge.floor(lane, "test")
        torch.testing.assert_close(floor.float(), expected, rtol=1e-3, atol=0.01)
        assert expected.mean() > 1

    def test_it_asks_nothing_of_the_images(self, hands, short):
        """The trunk and the posterior may be anything."""
        bank = Bank(hands)
        lane = bank.lane(short)
        before = bank.judge.floor(lane, "test")
        for name in ("trunk", "posterior", "generator"):
            lane.flat[name].zero_()
        assert torch.equal(bank.judge.floor(lane, "test"), before)

    def test_an_unknown_joint_has_no_error(self, gappy, short):
        """NaN exactly where the label is."""
        bank = Bank(gappy)
        floor = bank.judge.floor(bank.lane(short), "test")
        unknown = np.isnan(gappy.joints_mm[gappy.rows("test")]).any(-1)
        np.testing.assert_array_equal(floor.isnan().numpy(), unknown)
        assert unknown.any()


class TestCodes:
    def test_are_those_of_the_encoder_and_the_origin(self, hands, short):
        """The pose code is the encoder's mean, behind it stands the root, in units."""
        bank = Bank(hands)
        lane, rows = bank.lane(short), np.array([3, 8])
        codes = bank.judge.codes(lane, rows)
        root_mm = hands.joints_mm[rows, 0] - hands.centres_mm[rows]
        np.testing.assert_allclose(codes[:, 6:].numpy(), root_mm / 50, rtol=1e-5)
        weights = bank.modules(short)["encoder"]
        net = lane.net("encoder", weights).params
        hidden = torch.relu(
            bank.frames.pose[rows] @ net["hidden.weight"].T + net["hidden.bias"]
        )
        mean = hidden @ net["mean.weight"].T + net["mean.bias"]
        torch.testing.assert_close(codes[:, :6], mean)


class TestHealth:
    def test_it_sees_what_the_networks_do(self, hands, short):
        """A head, a generator or an encoder of zeros is a figure of zero."""
        bank = Bank(hands)
        lane = bank.lane(short)
        lane.stage = "joint"
        before = bank.judge.health(lane)
        assert min(before.values()) > 0
        for network, figure in {
            "posterior": "code_spread_ratio",
            "generator": "image_spread_ratio",
            "encoder": "active_units",
        }.items():
            lane.flat[network].zero_()
            assert bank.judge.health(lane)[figure] == 0

    def test_joints_that_are_not_known(self, gappy, short):
        """They are read at the root: the figures are those of a set that has them there."""
        joints = gappy.joints_mm.copy()
        root = joints[:, :1].repeat(5, axis=1)
        rows = gappy.rows("validation")
        assert np.isnan(joints[rows]).any()
        joints[rows] = np.where(np.isnan(joints[rows]), root[rows], joints[rows])
        found = []
        for data in (gappy, dataclasses.replace(gappy, joints_mm=joints)):
            bank = Bank(data)
            lane = bank.lane(short)
            lane.stage = "joint"
            found.append(bank.judge.health(lane))
        assert found[0] == found[1]

    def test_it_changes_no_run(self, hands, short):
        """Measured twice as often, a run ends in the same bits."""
        run = short
        bank, lanes = Bank(hands), []
        for extra in (False, True):
            lane = bank.lane(run)
            draws = torch.random.get_rng_state()
            while not lane.finished:
                bank.advance([lane])
                if extra:
                    bank.judge.health(lane)
            assert torch.equal(draws, torch.random.get_rng_state())
            lanes.append(state._tensors(lane))
        first, second = lanes
        assert first.keys() == second.keys()
        assert all(torch.equal(value, second[name]) for name, value in first.items())

    def test_the_authors_networks_are_healthy(self, realdata):
        """Trained at full length: every unit in use, images and codes as diverse."""
        labels = poses.labels(str(realdata / "nyu"))
        rows = np.linspace(0, len(labels.joints_mm) - 1, 24).astype(int)
        names = ("joints_mm", "centres_mm", "person", "thickness")
        few = {name: getattr(labels, name)[rows] for name in names}
        labels = dataclasses.replace(labels, **few, splits={})
        model = published.load(str(realdata / "crossingnet_weights" / "NYU_pretrained"))
        bank = Bank(
            HandData(
                name="nyu",
                fingerprint="0" * 64,
                skeleton=labels.skeleton,
                camera=labels.camera,
                crops=Rendered(labels).make(slice(0, 24), 128).crops,
                joints_mm=labels.joints_mm,
                centres_mm=labels.centres_mm,
                person=labels.person,
                split=np.full(24, VALIDATION, np.int8),
            )
        )
        found = health_of_model(bank, model)
        assert found["active_units"] == 20
        assert 0.8 < found["code_spread_ratio"] < 1.1
        assert 0.9 < found["image_spread_ratio"] < 1.1
