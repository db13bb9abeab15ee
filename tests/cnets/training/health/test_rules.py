"""Tests of `cnets.training.health.rules`: histories by hand, and real runs."""

import dataclasses
import math

import numpy as np
import pytest

from cnets import config, presets
from cnets.data.hand_data import HandData
from cnets.training import train
from cnets.training.bank import Bank
from cnets.training.epoch_report import EpochReport
from cnets.training.health import rules


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


def one(name: str, **changes) -> rules.Rule:
    """A rule of the default configuration, with some of its fields changed."""
    every = rules.of_run(config.TrainConfig())
    (found,) = (rule for rule in every if rule.figure == name)
    return dataclasses.replace(found, **changes)


class TestVerdict:
    def test_it_waits_for_its_patience(self):
        """The third epoch in a row under the limit is the finding."""
        rule = one("image_spread_ratio")
        low = history("image_spread_ratio", 0.05, 0.04, 0.03)
        assert rules.verdict(low[:2], "joint", [rule]) is None
        found = rules.verdict(low, "joint", [rule])
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
        assert rules.verdict(recent, "joint", [one("code_spread_ratio")]) is None

    @pytest.mark.parametrize(
        "values", [(0.01, 0.02, 0.02), (0.02, 0.01, 0.03), (0.01, 0.014, 0.018)]
    )
    def test_a_recovery_is_in_every_epoch_and_no_noise(self, values):
        """Standing still, falling, or rising by under a twentieth of the limit."""
        recent = history("code_spread_ratio", *values)
        assert rules.verdict(recent, "joint", [one("code_spread_ratio")]) is not None

    def test_only_the_rules_stages(self):
        """Before the joint stage a generator may still paint one image."""
        low = history("image_spread_ratio", 0.0, 0.0, 0.0)
        assert rules.verdict(low, "warm_up", [one("image_spread_ratio")]) is None

    def test_an_epoch_without_the_figure_breaks_the_row(self):
        """What was not measured is not under the limit."""
        low = history("image_spread_ratio", 0.0, 0.0, 0.0)
        low[1] = {"posterior": 0.0}
        assert rules.verdict(low, "joint", [one("image_spread_ratio")]) is None

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_no_finite_number_comes_first_and_at_once(self, value):
        """One epoch is enough, in any stage, and the figure is named."""
        figures = {"adversarial_nats": 0.5, "kl": value, "active_units": 0.0}
        every = rules.of_run(config.TrainConfig())
        found = rules.verdict([figures], "vae", every)
        assert found is not None
        assert (found.state, found.figure) == ("diverged", "kl")
        assert found.reason == f"`kl` was {value}"
        assert found == rules.not_finite(figures)

    def test_a_negative_number_is_a_number(self):
        """Minus infinity is the limit, and any finite value is above it."""
        assert rules.not_finite({"kl": -1e300}) is None


class TestRules:
    def test_each_has_a_limit_a_patience_and_a_source(self):
        """They are the configuration's, and a paper's; the VAE's needs no patience."""
        run = run_of(health__patience_epochs=7, health__image_spread_ratio=0.25)
        limits = vars(run.health)
        every = rules.of_run(run)[1:]
        assert len(every) == len(limits) - 1 == 4
        for rule in every:
            assert rule.figure is not None
            assert rule.limit == limits[rule.figure] > 0
            assert rule.patience_epochs == (1 if rule.figure == "active_units" else 7)
            assert "arXiv:" in rule.source

    @pytest.mark.parametrize("rule", rules.COLLAPSES, ids=lambda rule: rule.name)
    def test_a_limit_of_0_switches_it_off(self, rule):
        """The others stay."""
        whole = rules.of_run(config.TrainConfig())
        left = rules.of_run(run_of(**{f"health__{rule.figure}": 0}))
        assert {r.name for r in whole} - {r.name for r in left} == {rule.name}

    @pytest.mark.parametrize("rule", rules.COLLAPSES, ids=lambda rule: rule.name)
    def test_what_is_not_trained_cannot_collapse(self, rule):
        """Without any of its weights a rule is off, with one of them on."""
        off = {f"losses__{name}": 0.0 for name in rule.weights}
        names = [r.name for r in rules.of_run(run_of(**off))]
        assert rule.name not in names
        for name in rule.weights:
            some = run_of(**off | {f"losses__{name}": 0.01})
            assert rule.name in [r.name for r in rules.of_run(some)]


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
