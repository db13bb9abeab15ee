"""The keys of pre-trainings, held against the bits that training gives."""

import ast
import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch

from cnets import field_types, presets
from cnets.config import TrainConfig, fields
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane
from cnets.training.sharing import code_digest, stage_keys


BASE = presets.preset("tiny").replace(
    {
        "labelled_ratio": 0.5,
        "latent_size": 3,
        "networks.joints": 5,
        "networks.channels": 2,
        "networks.pose_hidden": 6,
        "vae.epochs": 3,
        "vae.steps": 2,
        "vae.batch_size": 8,
        "gan.epochs": 2,
        "gan.steps": 2,
        "gan.batch_size": 8,
        "joint.epochs": 1,
        "joint.steps": 2,
        "joint.batch_size": 8,
    }
)
CHANGES = {
    "labelled_ratio": 0.25,
    "labels.choice": "coverage",
    "networks.side_px": 64,
    "networks.joints": 6,
    "vae.decay": 0.05,
    "joint.decay": 0.5,
    "losses.balance": 0.5,
    "losses.consistency": 0.5,
    "augment.rotation_deg": 30.0,
    "augment.scale_std": 0.1,
    "augment.shift_mm": 10.0,
}
"""New values of fields that cannot be had by adding one or half as much again."""


MODULES = code_digest.reached(stage_keys.ROOT, apart=stage_keys.APART)
"""Every module whose code is in the key."""


def loaded(*modules: str) -> set[str]:
    """Our modules with code that a fresh interpreter loads for some."""
    probe = f"import {', '.join(modules)}, sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    names = {name for name in done.stdout.split() if name.startswith("cnets.")}
    return {name for name in names if runs(name)}


def runs(module: str) -> bool:
    """Whether a module is more than its docstring."""
    return len(ast.parse(code_digest.source(module)).body) > 1


def with_more(modules: set[str], lines: str) -> str:
    """The digest of the code with some lines more at the end of some modules."""

    def read(name: str) -> str:
        return code_digest.source(name) + (lines if name in modules else "")

    return code_digest.digest(stage_keys.ROOT, apart=stage_keys.APART, read=read)


def changed(name: str) -> TrainConfig:
    """The base configuration with another value of one field."""
    value = BASE.flat()[name]
    others = [w for w in field_types.choices(fields(TrainConfig)[name]) if w != value]
    if others:
        return BASE.replace({name: others[0]})
    new = CHANGES.get(name, value + 1 if isinstance(value, int) else 1.5 * value)
    return BASE.replace({name: new})


def data_of(hands, config: TrainConfig):
    """The same data set with the joints and the side that a configuration wants."""
    crops, joints = hands.crops, hands.joints_mm
    if config.networks.side_px == 64:
        crops = crops.repeat(2, axis=1).repeat(2, axis=2)
    if config.networks.joints == 6:
        joints = np.concatenate([joints, joints[:, :1] + 9], axis=1)
    return dataclasses.replace(hands, crops=crops, joints_mm=joints)


def trained(bank: Bank, config: TrainConfig) -> tuple[dict[str, Lane], Lane]:
    """The products of both pre-trainings, and the lane after them."""
    lane, products = bank.lane(config), {}
    while lane.stage in stage_keys.SHARED:
        (report,) = bank.advance([lane])
        if report.epoch == report.epochs:
            products[report.stage] = stage_keys.product(lane, report)
    return products, lane


def bits(lane: Lane) -> dict[str, object]:
    """Everything that a lane's later stages can see of it."""
    found: dict[str, object] = {n: f.numpy().tobytes() for n, f in lane.flat.items()}
    for name, buffers in lane.buffers.items():
        found |= {f"{name}/{n}": b.numpy().tobytes() for n, b in buffers.items()}
    return found | {"terms": lane.terms, "recent": lane.recent}


@pytest.fixture(scope="module")
def known():
    """What the base configuration has trained, once it was asked for."""
    return {}


class TestEveryField:
    def test_is_classified(self):
        """Each field is known to a stage's key, or said to come later; none both."""
        early = set(stage_keys.FIELDS["vae"]) | set(stage_keys.FIELDS["gan"])
        assert early | set(stage_keys.LATER) == set(fields(TrainConfig))
        assert early & set(stage_keys.LATER) == set()

    @pytest.mark.parametrize("name", fields(TrainConfig))
    def test_is_in_the_key_if_and_only_if_it_changes_the_product(
        self, name, hands, known
    ):
        """Another value gives another key and other bits, or the same of both."""
        bank = Bank(hands)
        if not known:
            known |= trained(bank, BASE)[0]
        config = changed(name)
        other = Bank(data_of(hands, config))
        products, _ = trained(other, config)
        for stage in stage_keys.SHARED:
            before = stage_keys.key(bank, BASE, stage)
            after = stage_keys.key(other, config, stage)
            same = bits(products[stage]) == bits(known[stage])
            belongs = name in stage_keys.FIELDS[stage]
            assert (before.digest != after.digest) == belongs, stage
            assert same != belongs, stage


class TestKey:
    def test_two_ways_of_saying_the_same(self, hands):
        """All labels are all labels whatever the seed, and 60 frames are 7 batches."""
        bank = Bank(hands)
        every = BASE.replace({"labelled_ratio": 1.0, "vae.steps": None})
        same = every.replace({"label_seed": 3, "vae.steps": 60 // 8})
        assert stage_keys.key(bank, every, "vae") == stage_keys.key(bank, same, "vae")

    @pytest.mark.parametrize("stage", stage_keys.SHARED)
    def test_other_data_and_other_numbers_have_other_keys(self, hands, stage):
        """The fingerprint, the frames that are seen and the precision are in it."""
        rows = hands.split.copy()
        rows[[59, 60]] = rows[[60, 59]]
        banks = [
            Bank(hands),
            Bank(dataclasses.replace(hands, fingerprint="1" * 64)),
            Bank(dataclasses.replace(hands, split=rows)),
            Bank(hands, dtype=torch.float64),
        ]
        keys = {stage_keys.key(bank, BASE, stage).digest for bank in banks}
        assert len(keys) == len(banks)

    def test_the_frames_that_health_is_judged_on_are_in_that_of_the_vae(self, hands):
        """Its product says how many units are active on them."""
        rows = hands.split.copy()
        rows[[60, 80]] = rows[[80, 60]]
        other = Bank(dataclasses.replace(hands, split=rows))
        there = stage_keys.key(Bank(hands), BASE, "vae")
        assert stage_keys.key(other, BASE, "vae").digest != there.digest

    def test_frames_without_labels_are_seen_by_the_gan_alone(self, hands):
        """They change its key and leave that of the VAE as it is."""
        more = dataclasses.replace(hands, unlabelled=hands.crops[:4])
        for stage, differs in (("vae", False), ("gan", True)):
            there = stage_keys.key(Bank(hands), BASE, stage).digest
            assert (stage_keys.key(Bank(more), BASE, stage).digest != there) == differs

    def test_frames_that_lose_their_label_are_in_that_of_the_vae(self, hands, gappy):
        """The labels that are left are other rows; the GAN sees the same images."""
        before, after = (
            {s: stage_keys.key(Bank(data), BASE, s).digest for s in stage_keys.SHARED}
            for data in (hands, gappy)
        )
        assert before["vae"] != after["vae"]
        assert before["gan"] == after["gan"]

    def test_a_stage_that_depends_on_everything_has_none(self, hands):
        """The warm-up's product is never shared."""
        with pytest.raises(ValueError, match="`stage` must be one of vae, gan"):
            stage_keys.key(Bank(hands), BASE, "warm_up")

    def test_short_names_stage_and_digits(self, hands):
        """Eight digits of the digest stand behind the stage."""
        key = stage_keys.key(Bank(hands), BASE, "gan")
        assert key.short == f"gan {key.digest[:8]}"


class TestCode:
    def test_is_that_of_every_module_that_loads(self):
        """What a fresh interpreter loads for the bank is in the key or apart."""
        through_apart = loaded(*stage_keys.APART)
        loads = loaded(stage_keys.ROOT)
        assert {
            "cnets.networks.losses",
            "cnets.training.updates.gan",
            "cnets.training.health.rules",
        } <= MODULES
        assert loads - through_apart <= MODULES <= loads

    def test_a_module_apart_is_used_by_the_bank(self):
        """No entry of the list outlives its module."""
        every = code_digest.reached(stage_keys.ROOT)
        assert set(stage_keys.APART) <= every

    @pytest.mark.parametrize("module", sorted(MODULES))
    def test_a_changed_line_of_each_module_changes_the_key(self, module):
        """Whatever the module, and wherever it is imported."""
        assert with_more({module}, "\nNEW = 1\n") != stage_keys.code()

    def test_words_change_no_key(self):
        """A docstring and a comment more in every module."""
        words = '\n"""A new sentence."""\n# and why\n'
        assert with_more(MODULES, words) == stage_keys.code()


class TestAdopt:
    def test_a_lane_is_as_if_it_had_trained_the_stages_itself(self, hands):
        """Weights, statistics, terms and place agree to the last bit, and so on."""
        bank = Bank(hands)
        other = BASE.replace({"losses.posterior": 3.0, "joint.learning_rate": 1e-2})
        products, _ = trained(bank, BASE)
        _, alone = trained(bank, other)
        lane = bank.lane(other)
        for stage in stage_keys.SHARED:
            assert stage_keys.fits(products[stage], lane, stage)
            stage_keys.adopt(lane, products[stage])
        assert (lane.stage, lane.epoch, lane.moments) == ("warm_up", 0, {})
        assert bits(lane) == bits(alone)
        while not lane.finished:
            bank.advance([lane])
            bank.advance([alone])
        assert bits(lane) == bits(alone)

    def test_a_stage_without_epochs_is_passed_over(self, hands):
        """Without a GAN and a warm-up the joint stage follows the VAE."""
        bank = Bank(hands)
        short = BASE.replace({"gan.epochs": 0, "joint.warm_up_epochs": 0})
        products, _ = trained(bank, short)
        lane = bank.lane(short)
        stage_keys.adopt(lane, products["vae"])
        assert (lane.stage, lane.epoch) == ("joint", 0)


def test_networks_of_another_size_do_not_fit(hands):
    """A product with a wider VAE, or of another stage, is refused."""
    bank = Bank(hands)
    products, _ = trained(bank, BASE)
    wider = bank.lane(BASE.replace({"networks.pose_hidden": 7}))
    assert not stage_keys.fits(products["vae"], wider, "vae")
    assert stage_keys.fits(products["gan"], wider, "gan")
    assert not stage_keys.fits(products["vae"], wider, "gan")


def test_a_number_that_is_none_is_seen():
    """In the weights as in the running statistics."""
    sound = Lane(BASE, flat={"a": torch.ones(2)}, buffers={"a": {"m": torch.ones(1)}})
    assert stage_keys.finite(sound)
    sound.buffers["a"]["m"][0] = torch.nan
    assert not stage_keys.finite(sound)
