import dataclasses
import math

import numpy as np
import pytest
import torch

from cnets import config, presets
from cnets.data import HandData
from cnets.data.crops.rendered import Rendered
from cnets.data.readers import poses
from cnets.data.splits import VALIDATION
from cnets.inference import published
from cnets.inference.model import Model
from cnets.training import health, state, train
from cnets.training.bank import Bank, EpochReport
from cnets.training.lanes import Lane


SHORT = {
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


def run_of(**changes) -> config.TrainConfig:
    """A short run with some fields changed, `__` for a dot."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return presets.preset("tiny").replace(SHORT | named)


def reports(data: HandData, run: config.TrainConfig) -> list[EpochReport]:
    """Every report of a run."""
    return list(train.train(Bank(data), run))


def history(name: str, *values: float) -> list[dict[str, float]]:
    """Epochs that have one figure."""
    return [{name: value} for value in values]


def one(name: str, **changes) -> health.Rule:
    """A rule of the default configuration, with some of its fields changed."""
    rules = health.rules(config.TrainConfig())
    (found,) = (rule for rule in rules if rule.figure == name)
    return dataclasses.replace(found, **changes)


class TestSpread:
    def test_by_hand(self):
        """Two points 5 apart are 5 apart; three of them give the root mean square."""
        assert health.spread(torch.tensor([[0.0, 0.0], [3.0, 4.0]])) == 5
        line = torch.tensor([[0.0], [1.0], [3.0]])  # 1, 2 and 3 apart
        assert health.spread(line) == pytest.approx(math.sqrt((1 + 4 + 9) / 3))

    def test_against_all_pairs(self):
        """It is the root mean square of the distances that pdist gives."""
        images = torch.randn(9, 1, 4, 4, dtype=torch.float64)
        pairs = torch.pdist(images.flatten(1))
        expected = pairs.square().mean().sqrt().item()
        assert health.spread(images) == pytest.approx(expected, rel=1e-12)

    def test_one_row_has_none(self):
        """There is no pair, and no warning."""
        assert health.spread(torch.ones(1, 3)) == 0

    def test_ratio(self):
        """Equal rows give 0, halved differences a half, whatever the offset."""
        there = torch.randn(8, 5)
        assert health.spread_ratio(there[:1].expand(8, 5), there) == 0
        half = health.spread_ratio(there / 2 + 7, there)
        assert half == pytest.approx(0.5, rel=1e-5)

    def test_nothing_is_lost_where_nothing_was(self):
        """Data whose rows are all the same ask for no spread."""
        assert health.spread_ratio(torch.zeros(4, 2), torch.ones(4, 2)) == 1


class TestActiveUnits:
    MEAN = torch.tensor([[0.1, 0.02], [-0.1, -0.02]])  # variances 0.02 and 0.0008

    @pytest.mark.parametrize(
        ("log_variance", "noise_std", "active"),
        [
            (0.0, 0.05, 1),  # noise 0.0025
            (0.0, 0.02, 2),  # 0.0004
            (0.0, 0.2, 0),  # 0.04
            (math.log(10), 0.05, 0),  # 0.025
            (math.log(0.1), 0.05, 2),  # 0.00025
        ],
    )
    def test_by_hand(self, log_variance, noise_std, active):
        """A unit counts if its variance over frames is above that of its noise."""
        noise = torch.full((2, 2), log_variance)
        found = health.active_units(self.MEAN, noise, noise_std=noise_std)
        assert found == active

    def test_the_usual_threshold_would_not_do(self):
        """Codes that spread by 0.08 carry a pose, and have a variance below 0.01."""
        mean = 0.08 * torch.randn(100, 20)
        assert (mean.var(0) < 0.01).all()
        assert health.active_units(mean, torch.zeros(100, 20), noise_std=0.05) == 20


class TestVerdict:
    def test_it_waits_for_its_patience(self):
        """The third epoch in a row under the limit is the finding."""
        rule = one("image_spread_ratio")
        low = history("image_spread_ratio", 0.05, 0.04, 0.03)
        assert health.verdict(low[:2], "joint", [rule]) is None
        found = health.verdict(low, "joint", [rule])
        assert found is not None
        assert (found.rule, found.state) == ("mode collapse", "collapsed")
        assert found.reason == (
            "mode collapse: `image_spread_ratio` was 0.03, below 0.1 for 3 epochs,"
        )

    @pytest.mark.parametrize(
        "values",
        [
            (0.01, 0.2, 0.01, 0.01),  # it recovered in between
            (0.01, 0.01, 0.01, 0.1),  # the limit itself is healthy
            (0.0, 0.006, 0.012, 0.018),  # it rises
        ],
    )
    def test_what_does_not_fire(self, values):
        """A recovery, a value at the limit, and one that rises every epoch."""
        recent = history("code_spread_ratio", *values)
        assert health.verdict(recent, "joint", [one("code_spread_ratio")]) is None

    @pytest.mark.parametrize(
        "values", [(0.01, 0.02, 0.02), (0.02, 0.01, 0.03), (0.01, 0.014, 0.018)]
    )
    def test_a_recovery_is_in_every_epoch_and_no_noise(self, values):
        """Standing still, falling, or rising by under a twentieth of the limit."""
        recent = history("code_spread_ratio", *values)
        assert health.verdict(recent, "joint", [one("code_spread_ratio")]) is not None

    def test_only_the_rules_stages(self):
        """Before the joint stage a generator may still paint one image."""
        low = history("image_spread_ratio", 0.0, 0.0, 0.0)
        assert health.verdict(low, "warm_up", [one("image_spread_ratio")]) is None

    def test_an_epoch_without_the_figure_breaks_the_row(self):
        """What was not measured is not under the limit."""
        low = history("image_spread_ratio", 0.0, 0.0, 0.0)
        low[1] = {"posterior": 0.0}
        assert health.verdict(low, "joint", [one("image_spread_ratio")]) is None

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_no_finite_number_comes_first_and_at_once(self, value):
        """One epoch is enough, in any stage, and the figure is named."""
        figures = {"adversarial_nats": 0.5, "kl": value, "active_units": 0.0}
        rules = health.rules(config.TrainConfig())
        found = health.verdict([figures], "vae", rules)
        assert found is not None
        assert (found.state, found.figure) == ("diverged", "kl")
        assert found.reason == f"`kl` was {value}"
        assert found == health.not_finite(figures)

    def test_a_negative_number_is_a_number(self):
        """Minus infinity is the limit, and any finite value is above it."""
        assert health.not_finite({"kl": -1e300}) is None


class TestRules:
    def test_each_has_a_limit_a_patience_and_a_source(self):
        """They are the configuration's, and a paper's; the VAE's needs no patience."""
        run = run_of(health__patience_epochs=7, health__image_spread_ratio=0.25)
        limits = vars(run.health)
        rules = health.rules(run)[1:]
        assert len(rules) == len(limits) - 1 == 4
        for rule in rules:
            assert rule.figure is not None
            assert rule.limit == limits[rule.figure] > 0
            assert rule.patience_epochs == (1 if rule.figure == "active_units" else 7)
            assert "arXiv:" in rule.source

    @pytest.mark.parametrize("rule", health.COLLAPSES, ids=lambda rule: rule.name)
    def test_a_limit_of_0_switches_it_off(self, rule):
        """The others stay."""
        whole = health.rules(config.TrainConfig())
        left = health.rules(run_of(**{f"health__{rule.figure}": 0}))
        assert {r.name for r in whole} - {r.name for r in left} == {rule.name}

    @pytest.mark.parametrize("rule", health.COLLAPSES, ids=lambda rule: rule.name)
    def test_what_is_not_trained_cannot_collapse(self, rule):
        """Without any of its weights a rule is off, with one of them on."""
        off = {f"losses__{name}": 0.0 for name in rule.weights}
        names = [r.name for r in health.rules(run_of(**off))]
        assert rule.name not in names
        for name in rule.weights:
            some = run_of(**off | {f"losses__{name}": 0.01})
            assert rule.name in [r.name for r in health.rules(some)]


FAILING = {
    "posterior collapse": {"losses__kl": 1e3},
    "mode collapse": {"gan__learning_rate": 10.0},
    "saturated discriminator": {
        "losses__adversarial": 100.0,
        "losses__feature_matching": 0.0,
        "losses__depth_reconstruction": 0.0,
        "losses__smoothness": 1e-3,
        "joint__learning_rate": 0.03,
        "joint__steps": 30,
        "joint__epochs": 7,
    },
    "no finite number": {"vae__learning_rate": 1e30},
}
"""What each rule is made to fire by."""


class TestRealRuns:
    @pytest.mark.parametrize("rule", FAILING)
    def test_a_run_made_to_fail_is_found(self, hands, rule):
        """The rule fires, and no other does before."""
        run, bank, found = run_of(**FAILING[rule]), Bank(hands), []
        lane = bank.lane(run)
        while not lane.finished and not found:
            (report,) = bank.advance([lane])
            found += [report.finding] if report.finding else []
        assert [finding.rule for finding in found] == [rule]
        assert not found[0].value >= found[0].limit or rule == "no finite number"

    def test_crops_without_a_hand_give_constant_codes(self, hands):
        """A posterior head that sees nothing reads one code."""
        blank = dataclasses.replace(hands, crops=np.ones_like(hands.crops))
        findings = [r.finding for r in reports(blank, run_of(joint__steps=4))]
        first = next(finding for finding in findings if finding)
        assert (first.rule, first.epochs) == ("constant codes", 3)

    @pytest.mark.parametrize("seed", [0, 1])
    @pytest.mark.parametrize("ratio", [0.05, 1.0])
    def test_a_healthy_run_is_not(self, hands, seed, ratio):
        """Two seeds, with few labels and with all of them."""
        found = reports(hands, run_of(seed=seed, labelled_ratio=ratio))
        assert [report.finding for report in found] == [None] * len(found)

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


def health_of_model(bank: Bank, model: Model) -> dict[str, float]:
    """The figures of trained networks."""
    lane = Lane(model.config, stage="joint")
    for name, module in model.modules.items():
        parts = [p.detach().reshape(-1) for p in module.parameters()]
        lane.flat[name] = torch.cat(parts)
        lane.buffers[name] = dict(module.named_buffers())
    return bank.health(lane)


class TestMeasuring:
    def test_figures_of_each_stage(self, hands):
        """The VAE's once, at its end; the images' from warm-up on; none of stage B."""
        run = run_of(vae__steps=3, joint__steps=2, joint__epochs=2, gan__steps=2)
        of_codes = ["active_units"]
        of_images = [*of_codes, "code_spread_ratio", "image_spread_ratio"]
        joint = [*of_images, "adversarial_nats"]
        found = [list(report.health) for report in reports(hands, run)]
        assert found == [[], of_codes, [], of_images, joint, joint]

    def test_the_cross_entropies_are_added(self, hands):
        """The discriminator's figure is the sum of its two terms."""
        last = reports(hands, run_of(vae__steps=3, joint__epochs=1))[-1]
        both = last.terms["adversarial_real"] + last.terms["adversarial_fake"]
        assert last.health["adversarial_nats"] == both

    def test_it_sees_what_the_networks_do(self, hands):
        """A head, a generator or an encoder of zeros is a figure of zero."""
        bank = Bank(hands)
        lane = bank.lane(run_of())
        lane.stage = "joint"
        before = bank.health(lane)
        assert min(before.values()) > 0
        for network, figure in {
            "posterior": "code_spread_ratio",
            "generator": "image_spread_ratio",
            "encoder": "active_units",
        }.items():
            lane.flat[network].zero_()
            assert bank.health(lane)[figure] == 0

    def test_it_changes_no_run(self, hands):
        """Measured twice as often, a run ends in the same bits."""
        run = run_of(vae__steps=3, joint__steps=2, joint__epochs=2)
        bank, lanes = Bank(hands), []
        for extra in (False, True):
            lane = bank.lane(run)
            draws = torch.random.get_rng_state()
            while not lane.finished:
                bank.advance([lane])
                if extra:
                    bank.health(lane)
            assert torch.equal(draws, torch.random.get_rng_state())
            lanes.append(state._tensors(lane))
        first, second = lanes
        assert first.keys() == second.keys()
        assert all(torch.equal(value, second[name]) for name, value in first.items())

    @pytest.mark.parametrize("epochs", [5, 6])
    def test_a_restored_run_has_waited_already(self, hands, tmp_path, epochs):
        """Saved in the middle of a window, it is found at the same epoch."""
        run = run_of(gan__learning_rate=10.0, joint__steps=4)
        whole = [r.finding for r in reports(hands, run)]
        assert [bool(found) for found in whole] == [False] * 6 + [True] * 3
        bank = Bank(hands)
        lane = bank.lane(run)
        for _ in range(epochs):
            bank.advance([lane])
        state.save_lane(lane, tmp_path)
        rest = train.train(bank, state.load_lane(tmp_path))
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
