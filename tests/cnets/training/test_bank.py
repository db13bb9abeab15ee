"""Tests of `cnets.training.bank`: runs that repeat, and lanes beside each other."""

import dataclasses
import os

import numpy as np
import pytest
import torch

from cnets import metrics, presets
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.data.readers import synthetic
from cnets.data.splits import TEST, TRAIN, UNUSED, VALIDATION
from cnets.training import state, train
from cnets.training.bank import Bank
from cnets.training.epoch_report import EpochReport
from cnets.training.lanes.lane import Lane, run as run_net


LONGER = {
    "networks.joints": 5,
    "latent_size": 6,
    "vae.epochs": 2,
    "vae.steps": 100,
    "vae.batch_size": 32,
    "gan.epochs": 1,
    "gan.steps": 10,
    "gan.batch_size": 8,
    "joint.epochs": 5,
    "joint.steps": 15,
    "joint.batch_size": 16,
}
"""Enough updates for every part to learn something."""


def run_of(**changes) -> TrainConfig:
    """A short run with some fields changed, `__` for a dot."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return presets.preset("tiny").replace(LONGER | named)


def reports(data: HandData, run: TrainConfig) -> list[EpochReport]:
    """Every report of a run."""
    return list(train.train(Bank(data), run))


def finished(bank: Bank, one: TrainConfig) -> Lane:
    """A lane at its end."""
    lane = bank.lane(one)
    for _ in train.train(bank, lane):
        pass
    return lane


def assert_equal(first: Lane, second: Lane) -> None:
    """Every tensor of two lanes is the same to the last bit."""
    assert (first.stage, first.epoch) == (second.stage, second.epoch)
    for name, flat in first.flat.items():
        assert torch.equal(flat, second.flat[name])
    for name, buffers in first.buffers.items():
        for key, buffer in buffers.items():
            assert torch.equal(buffer, second.buffers[name][key])
    assert first.averages.keys() == second.averages.keys()
    for name, flat in first.averages.items():
        assert torch.equal(flat, second.averages[name])
    assert first.moments.keys() == second.moments.keys()
    for update, by_name in first.moments.items():
        for name, moments in by_name.items():
            for part, tensor in vars(moments).items():
                assert torch.equal(tensor, vars(second.moments[update][name])[part])


@pytest.fixture(scope="module")
def known() -> dict[TrainConfig, Lane]:
    """Runs that others are compared with, once they were asked for."""
    return {}


class TestARunIsAFunctionOfItsConfiguration:
    def test_it_repeats_to_the_last_bit(self, hands, short):
        """Two runs of one configuration end in the same weights."""
        torch.manual_seed(1)
        first = finished(Bank(hands), short)
        torch.manual_seed(2)
        assert_equal(first, finished(Bank(hands), short))

    @pytest.mark.parametrize(
        "change",
        [
            {"seed": 1},
            {"label_seed": 1, "labelled_ratio": 0.5},
            {"labelled_ratio": 0.5},
            {"losses.kl": 0.5},
            {"losses.pose_reconstruction": 0.5},
            {"losses.adversarial": 0.5},
            {"losses.posterior": 0.5},
            {"losses.smoothness": 0.5},
            {"losses.feature_matching": 0.5},
            {"losses.depth_reconstruction": 0.5},
            {"losses.balance": 0.5},
            {"losses.consistency": 5.0},
            {"vae.learning_rate": 1e-4},
            {"vae.decay": 0.01},
            {"vae.noise_std": 0.5},
            {"gan.learning_rate": 1e-4},
            {"joint.learning_rate": 1e-4},
            {"joint.warm_up_learning_rate": 1e-4},
            {"joint.decay": 0.5},
            {"joint.mixed_codes": 2},
            {"joint.depth_clip": 0.1},
            {"augment.rotation_deg": 20.0},
            {"augment.scale_std": 0.1},
            {"augment.shift_mm": 10.0},
        ],
        ids=lambda change: " ".join(change),
    )
    def test_every_field_changes_it(self, hands, short, change, known):
        """No field of the configuration is without effect."""
        many = short.replace({"vae.epochs": 3})
        base = many.replace({"labelled_ratio": 0.5} if "label_seed" in change else {})
        if base not in known:
            known[base] = finished(Bank(hands), base)
        second = finished(Bank(hands), many.replace(change))
        first = known[base].flat.items()
        same = [torch.equal(flat, second.flat[name]) for name, flat in first]
        assert not all(same)

    def test_with_every_option_it_goes_on_to_the_last_bit(self, hands, short, tmp_path):
        """Saved between two joint epochs and restored, a run ends in the same weights."""
        options = {"rotation_deg": 30.0, "scale_std": 0.1, "shift_mm": 10.0}
        run = short.replace({f"augment.{n}": value for n, value in options.items()})
        run = run.replace({"losses.balance": 0.5, "losses.consistency": 5.0})
        bank = Bank(hands)
        lane = bank.lane(run)
        while lane.stage != "joint" or lane.epoch < 1:
            bank.advance([lane])
        state.save_lane(lane, tmp_path)
        restored = state.load_lane(tmp_path)
        for one in (lane, restored):
            list(train.train(bank, one))
        assert_equal(lane, restored)
        assert_equal(lane, finished(Bank(hands), run))


class TestLanes:
    def test_three_lanes_give_the_solo_numbers(self, hands, short):
        """Weights, labels, seeds and rates differ; each lane equals its solo run."""
        configs = [
            short,
            short.replace({"seed": 1, "labelled_ratio": 0.5, "losses.posterior": 3.0}),
            short.replace({"seed": 2, "joint.learning_rate": 5e-3, "losses.kl": 0.1}),
        ]
        bank = Bank(hands, dtype=torch.float64)
        lanes = [bank.lane(one) for one in configs]
        while not lanes[0].finished:
            reports = bank.advance(lanes)
        for one, lane, report in zip(configs, lanes, reports, strict=True):
            alone = finished(bank, one)
            for name, flat in alone.flat.items():
                torch.testing.assert_close(lane.flat[name], flat, rtol=1e-8, atol=1e-9)
            error = bank.judge.evaluate(alone, "validation").mean().item()
            assert report.metrics["mean_joint_error_mm"] == pytest.approx(error)

    def test_lanes_may_differ_in_options(self, hands, short):
        """Off, on, and on at another strength: each is its solo run in the bits."""
        both = {"losses.balance": 0.5, "losses.consistency": 5.0}
        more = {"losses.balance": 2.0, "losses.consistency": 50.0}
        configs = [
            short,
            short.replace({"augment.rotation_deg": 30.0, **both}),
            short.replace({"augment.scale_std": 0.1, "augment.shift_mm": 10.0}),
            short.replace({"augment.rotation_deg": 9.0, **more}),
        ]
        bank, solo = (Bank(hands, width=3) for _ in range(2))
        lanes = [bank.lane(one) for one in configs]
        while not lanes[0].finished:
            bank.advance(lanes)
        for one, lane in zip(configs, lanes, strict=True):
            assert_equal(lane, finished(solo, one))

    def test_a_lane_joins_while_others_are_further(self, hands, short):
        """Lanes of different stages advance in one call, each as it would alone."""
        bank = Bank(hands)
        first, second = bank.lane(short), bank.lane(short.replace({"seed": 1}))
        for _ in range(3):
            bank.advance([first])
        while not second.finished:
            bank.advance([lane for lane in (first, second) if not lane.finished])
        assert_equal(first, finished(bank, short))
        assert_equal(second, finished(bank, short.replace({"seed": 1})))


class TestReports:
    def test_stages_come_in_order_and_the_last_epoch_is_last(self, hands, short):
        """Steps count the epochs of the joint stage, and only those."""
        reports = list(train.train(Bank(hands), short))
        seen = [(r.stage, r.epoch, r.step) for r in reports]
        assert seen == [
            ("vae", 1, 0),
            ("vae", 2, 0),
            ("gan", 1, 0),
            ("gan", 2, 0),
            ("warm_up", 1, 0),
            ("joint", 1, 1),
            ("joint", 2, 2),
        ]
        assert [r.last for r in reports] == [False] * 6 + [True]

    def test_every_term_is_reported_unweighted(self, hands, short):
        """A first epoch of one step reports the same terms at any weight."""
        one = short.replace({"vae.steps": 1, "losses.kl": 1.0})
        reports = [
            next(train.train(Bank(hands), one.replace({"losses.kl": weight})))
            for weight in (1.0, 0.25)
        ]
        assert reports[0].terms == reports[1].terms

    def test_warm_up_may_be_left_out(self, hands, short):
        """Zero warm-up epochs go from stage B to the joint stage."""
        one = short.replace({"joint.warm_up_epochs": 0})
        stages = [report.stage for report in train.train(Bank(hands), one)]
        assert stages == ["vae"] * 2 + ["gan"] * 2 + ["joint"] * 2


@pytest.mark.parametrize(("name", "value"), [("joints", 6), ("side_px", 64)])
def test_networks_that_do_not_fit_the_data_are_refused(hands, short, name, value):
    """The sentence names the field and what the data have."""
    with pytest.raises(ValueError, match=f"`networks.{name}` must be"):
        Bank(hands).lane(short.replace({f"networks.{name}": value}))


class TestHealth:
    def test_figures_of_each_stage(self, hands):
        """The VAE's once, at its end; the images' from warm-up on; none of stage B."""
        run = run_of(vae__steps=3, joint__steps=2, joint__epochs=2, gan__steps=2)
        of_codes = ["active_units"]
        of_images = [*of_codes, "code_spread_ratio", "image_spread_ratio"]
        shares = [
            f"trunk_share_{n}" for n in ("adversarial", "posterior", "smoothness")
        ]
        joint = [*of_images, "adversarial_nats", "vae_floor_mm", *shares]
        between = [name for name in joint if name != "vae_floor_mm"]
        run = run.replace({"joint.epochs": 3})
        found = [list(report.health) for report in reports(hands, run)]
        assert found == [[], of_codes, [], of_images, joint, between, joint]

    def test_the_floor_is_that_of_the_networks(self, hands, short):
        """Of the validation frames; the same from the first joint epoch to the last."""
        bank = Bank(hands)
        lane = bank.lane(short)
        found = [r.health.get("vae_floor_mm") for r in train.train(bank, lane)]
        floor = bank.judge.floor(lane, "validation").double().mean().item()
        assert found == [None] * 5 + [pytest.approx(floor)] * 2

    def test_the_cross_entropies_are_added(self, hands):
        """The discriminator's figure is the sum of its two terms."""
        last = reports(hands, run_of(vae__steps=3, joint__epochs=1))[-1]
        both = last.terms["adversarial_real"] + last.terms["adversarial_fake"]
        assert last.health["adversarial_nats"] == both

    def test_a_restored_run_has_waited_already(self, hands, tmp_path):
        """Saved in the middle of a window, it is found at the same epoch."""
        bank, whole = Bank(hands), []
        lane = bank.lane(run_of(gan__learning_rate=10.0, joint__steps=4))
        for report in train.train(bank, lane):
            whole.append(report.finding)
            state.save_lane(lane, tmp_path / str(len(whole)))
        assert [bool(found) for found in whole] == [False] * 6 + [True] * 3
        for epochs in (5, 6):
            rest = train.train(bank, state.load_lane(tmp_path / str(epochs)))
            assert [report.finding for report in rest] == whole[epochs:]

    def test_a_stage_starts_with_an_empty_window(self, hands):
        """What a figure was in warm-up does not count in the joint stage."""
        bank = Bank(hands)
        lane = bank.lane(run_of(vae__steps=3, joint__warm_up_epochs=3, joint__steps=2))
        while lane.stage != "joint":
            bank.advance([lane])
        assert lane.recent == ()
        for _ in range(5):
            bank.advance([lane])
        assert len(lane.recent) == 3


class TestJointsThatAreNotKnown:
    def test_lanes_give_the_solo_numbers(self, gappy, short):
        """Frames without a label and joints without one, in a stack and alone."""
        configs = [short, short.replace({"seed": 1, "labelled_ratio": 0.5})]
        wide, solo = (Bank(gappy, dtype=torch.float64, width=w) for w in (3, 1))
        lanes = [wide.lane(one) for one in configs]
        while not lanes[0].finished:
            wide.advance(lanes)
        for one, lane in zip(configs, lanes, strict=True):
            alone = finished(solo, one)
            for name, flat in alone.flat.items():
                torch.testing.assert_close(lane.flat[name], flat, rtol=1e-8, atol=1e-9)

    def test_a_mask_that_is_never_drawn_changes_no_bit(self, hands, short):
        """With weights of 1 a run has the bits of one without weights."""
        joints = hands.joints_mm.copy()
        joints[59, 1] = np.nan
        masked = dataclasses.replace(hands, joints_mm=joints)
        seed = next(s for s in range(99) if 59 not in hands.labelled(0.5, s))
        half = short.replace({"labelled_ratio": 0.5, "label_seed": seed})
        assert_equal(finished(Bank(hands), half), finished(Bank(masked), half))

    @pytest.mark.slow
    @pytest.mark.skipif(
        "CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it"
    )
    def test_a_tenth_missing_costs_little(self):
        """The VAE is off by 15.5 mm, by 16.8 mm without them, by 28.5 mm with zeros."""
        labels = synthetic.labels(400)
        split = next(iter(labels.splits.values()))
        missing = np.random.default_rng(1).random(labels.joints_mm.shape[:2]) < 0.1
        missing[:, labels.skeleton.root] = missing[split != TRAIN] = False
        run = presets.preset("tiny").replace({"networks.joints": 21})
        found = {}
        for name, value in (("full", None), ("masked", np.nan), ("zeros", 0.0)):
            joints = labels.joints_mm.copy()
            if value is not None:
                joints[missing] = value
            bank = Bank(
                HandData(
                    name=name,
                    fingerprint="0" * 64,
                    skeleton=labels.skeleton,
                    camera=labels.camera,
                    crops=np.zeros((400, 32, 32), np.float16),
                    joints_mm=joints,
                    centres_mm=labels.centres_mm,
                    person=labels.person,
                    split=split,
                )
            )
            lane, rows = bank.lane(run), bank.data.rows("test")
            while lane.stage == "vae":
                bank.advance([lane])
            code = bank.judge.codes(lane, rows)[:, : run.latent_size]
            decoder = bank.modules(run)["decoder"]
            decoded = run_net(decoder, lane.net("decoder", decoder), code)
            error = (decoded - bank.frames.pose[rows]).unflatten(1, (-1, 3))
            found[name] = error.norm(dim=-1).mean().item()
        assert found["masked"] < 1.2 * found["full"]
        assert found["zeros"] > 1.4 * found["masked"]


@pytest.mark.parametrize("split", [VALIDATION, TEST])
def test_one_frame_is_judged(hands, short, split):
    """A split of one frame gives figures of it, and no alarm."""
    purpose = hands.split.copy()
    purpose[np.flatnonzero(purpose == split)[1:]] = UNUSED
    bank = Bank(dataclasses.replace(hands, split=purpose))
    lane = bank.lane(short)
    reports = list(train.train(bank, lane))
    assert all(report.finding is None for report in reports)
    for name in ("validation", "test"):
        errors = bank.judge.evaluate(lane, name)
        assert metrics.summary(errors)["mean_joint_error_mm"] == errors.double().mean()
    figures = {name for report in reports for name in report.health}
    between = {"active_units", "code_spread_ratio", "image_spread_ratio"}
    assert bool(figures & between) == (split == TEST)


def test_a_prediction_that_is_no_number_is_never_left_out(gappy, short):
    """Joints without a label are left out; NaN where there is one ends the run."""
    bank = Bank(gappy)
    lane = bank.lane(short)
    while lane.stage != "joint":
        bank.advance([lane])
    lane.flat["decoder"][:] = torch.nan
    with pytest.raises(train.Diverged, match="`mean_joint_error_mm` is not finite"):
        list(train.train(bank, lane))
    assert bank.judge.evaluate(lane, "test").eq(torch.inf).any()


def test_validation_must_show_what_is_evaluated(hands, short):
    """Known joints that nobody scores are refused before the first update."""
    joints = hands.joints_mm.copy()
    joints[60:75, 4] = np.nan
    hand = dataclasses.replace(hands.skeleton, evaluated=(4,))
    bank = Bank(dataclasses.replace(hands, joints_mm=joints, skeleton=hand))
    with pytest.raises(
        ValueError, match="evaluated joints in validation, and test has"
    ):
        bank.lane(short)
