"""The presets and ablations, and the shared starts of `benchmarks/ablations.py`."""

import dataclasses
import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.presets import ABLATIONS, ablated
from cnets.training import train
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane


BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
OFF_BY_ORDER = {
    "posterior_only": {
        "adversarial",
        "feature_matching",
        "smoothness",
        "depth_reconstruction",
        "consistency",
    },
    "gan": {"smoothness", "depth_reconstruction"},
    "smoothness": {"depth_reconstruction"},
    "full": set(),
}


@pytest.fixture(scope="module")
def script():
    """The benchmark as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("ablations")


@pytest.fixture
def short() -> TrainConfig:
    """Every stage, a few updates each, half of the frames labelled."""
    return presets.preset("tiny").replace(
        {
            "networks.joints": 5,
            "latent_size": 6,
            "seed": 3,
            "label_seed": 3,
            "labelled_ratio": 0.5,
            "vae.epochs": 2,
            "vae.steps": 4,
            "vae.batch_size": 16,
            "gan.epochs": 2,
            "gan.steps": 2,
            "gan.batch_size": 8,
            "joint.warm_up_epochs": 1,
            "joint.epochs": 2,
            "joint.steps": 3,
            "joint.batch_size": 8,
        }
    )


def finished(bank: Bank, lane: Lane) -> Lane:
    """The lane at its end."""
    for _ in train.train(bank, lane):
        pass
    return lane


def assert_equal(first: Lane, second: Lane) -> None:
    """Every weight and running statistic of two lanes is the same, to the last bit."""
    assert first.stage == second.stage
    assert first.flat.keys() == second.flat.keys()
    for name, flat in first.flat.items():
        assert torch.equal(flat, second.flat[name]), name
        for key, buffer in first.buffers[name].items():
            assert torch.equal(buffer, second.buffers[name][key]), (name, key)


def planned(script, hands: HandData, whole: TrainConfig, name: str):
    """One run of the benchmark."""
    return script.Run(
        data="test",
        fingerprint=hands.fingerprint,
        setting=name,
        labels=8,
        config=ablated(whole, name),
    )


def figures_of(script, hands: HandData, whole: TrainConfig, name: str):
    """What the benchmark finds for one run on one data set."""
    bank = Bank(hands)
    run = planned(script, hands, whole, name)
    gan = script.gan_trained(bank, run.config) if run.config.gan.epochs else None
    vae = script.vae_trained(bank, run.config)
    return script.judged(bank, run, vae, gan)["test"]


class TestAblated:
    def test_each_adds_to_the_last(self):
        """The terms that are off are those of its place in the order; the rest keeps its weight."""
        weights = {"posterior": 10.0, "kl": 0.5, "consistency": 2.0}
        whole = TrainConfig().replace({f"losses.{n}": w for n, w in weights.items()})
        assert list(ABLATIONS) == list(OFF_BY_ORDER)
        for name, off in OFF_BY_ORDER.items():
            found = vars(ablated(whole, name).losses)
            for term, weight in vars(whole.losses).items():
                assert found[term] == (0.0 if term in off else weight)

    def test_only_the_baseline_has_no_stage_b(self):
        """A random trunk has seen no image; all else stays as it was."""
        whole = TrainConfig()
        epochs = {name: ablated(whole, name).gan.epochs for name in ABLATIONS}
        assert epochs.pop("posterior_only") == 0
        assert set(epochs.values()) == {whole.gan.epochs}
        assert ablated(whole, "full") == whole

    def test_unknown_name_lists_the_right_ones(self):
        """A typing mistake is answered with the names there are."""
        with pytest.raises(ValueError, match=r"posterior_only, gan, .*full, got 'ful'"):
            ablated(TrainConfig(), "ful")


class TestTheBaseline:
    def test_stage_b_is_skipped(self, hands, short):
        """No epoch of the GAN is trained, and the others keep their order."""
        one = ablated(short, "posterior_only")
        seen = [report.stage for report in train.train(Bank(hands), one)]
        assert seen == ["vae", "vae", "warm_up", "joint", "joint"]

    def test_it_changes_trunk_and_posterior_only(self, hands, short):
        """Networks whose terms are off keep their first weights."""
        bank = Bank(hands)
        one = ablated(short, "posterior_only")
        before = bank.lane(one)
        after = finished(bank, bank.lane(one))
        moved = {
            name
            for name, flat in after.flat.items()
            if not torch.equal(flat, before.flat[name])
        }
        assert moved == {"encoder", "decoder", "trunk", "posterior"}

    def test_it_does_not_depend_on_unlabelled_images(self, hands, short, script):
        """Other images of the unlabelled frames change the whole model's figures only."""
        labelled = hands.labelled(short.labelled_ratio, short.label_seed)
        crops = hands.crops.copy()
        others = np.setdiff1d(hands.rows("train"), labelled)
        crops[others] = np.roll(crops[others], 5, axis=2)
        other = dataclasses.replace(hands, crops=crops)
        for name in ("posterior_only", "full"):
            figures = [figures_of(script, d, short, name) for d in (hands, other)]
            assert (figures[0] == figures[1]) == (name == "posterior_only")


class TestSharedStarts:
    @pytest.mark.parametrize("name", ABLATIONS)
    @pytest.mark.parametrize("warm_up_epochs", [0, 1])
    def test_a_shared_start_gives_the_unshared_run(
        self, hands, short, script, name, warm_up_epochs
    ):
        """Stages A and B of other configurations end in the same weights."""
        short = short.replace({"joint.warm_up_epochs": warm_up_epochs})
        bank = Bank(hands)
        vae = script.vae_trained(bank, ablated(short, "gan"))
        gan = script.gan_trained(bank, short.replace({"labelled_ratio": 0.1}))
        one = ablated(short, name)
        lane = script.start(one, vae, gan if one.gan.epochs else None)
        assert_equal(finished(bank, lane), finished(bank, bank.lane(one)))

    def test_a_start_is_not_used_up(self, hands, short, script):
        """A run from a start leaves the start as it was."""
        bank = Bank(hands)
        vae, gan = script.vae_trained(bank, short), script.gan_trained(bank, short)
        ends = [finished(bank, script.start(short, vae, gan)) for _ in range(2)]
        assert_equal(*ends)


class TestTheFile:
    def test_an_interrupted_benchmark_goes_on(self, hands, short, script, tmp_path):
        """A torn line is run again, whole lines are not, and the figures agree."""
        out = tmp_path / "new" / "runs.jsonl"
        runs = [
            planned(script, hands, short, name) for name in ("posterior_only", "gan")
        ]
        script.perform(Bank(hands), runs, out)
        whole = script.finished(out)
        assert list(whole) == [run.key for run in runs]
        out.write_text(out.read_text()[:-20])
        left = script.finished(out)
        assert list(left) == [runs[0].key]
        script.perform(Bank(hands), [run for run in runs if run.key not in left], out)
        again = script.finished(out)
        assert {key: line["test"] for key, line in again.items()} == {
            key: line["test"] for key, line in whole.items()
        }

    def test_another_configuration_is_another_run(self, hands, short, script):
        """Every field of the configuration is part of a run's key."""
        runs = [
            planned(script, hands, one, name)
            for one in (short, short.replace({"joint.decay": 0.5}))
            for name in ABLATIONS
        ]
        assert len({run.key for run in runs}) == len(runs)

    def test_a_diverged_run_is_a_line(self, hands, short, script, tmp_path):
        """It has a reason instead of figures, and the table counts it."""
        wild = short.replace({"joint.learning_rate": 1e30, "joint.epochs": 3})
        run = planned(script, hands, wild, "full")
        script.perform(Bank(hands), [run], tmp_path / "runs.jsonl")
        lines = script.finished(tmp_path / "runs.jsonl")
        assert "not finite" in lines[run.key]["diverged"]
        (row,) = script.ablation_tables.compared([run], lines)
        assert row["diverged"] == 1
        assert row["settings"] == {"full": None}


class TestTables:
    def test_by_hand(self, hands, short, script):
        """Intervals are t(2) = 4.303 standard errors; differences go seed by seed."""
        runs = [
            planned(script, hands, short.replace({"seed": seed}), name)
            for seed in range(3)
            for name in ("posterior_only", "full")
        ]
        errors_mm = [20.0, 19.0, 30.0, 28.9, 40.0, 38.8]
        lines = {
            run.key: {"diverged": None, "test": {"mean_joint_error_mm": error_mm}}
            for run, error_mm in zip(runs, errors_mm, strict=True)
        }
        (row,) = script.ablation_tables.compared(runs, lines)
        # 10 / sqrt(3) and 0.1 / sqrt(3), times 4.303
        assert row["settings"]["posterior_only"]["high"] == pytest.approx(
            54.842, abs=2e-3
        )
        assert row["differences"]["posterior_only"]["full"]["mean"] == pytest.approx(
            -1.1
        )
        assert row["differences"]["posterior_only"]["full"]["low"] == pytest.approx(
            -1.348, abs=1e-3
        )
        assert row["differences"]["posterior_only"]["full"]["high"] == pytest.approx(
            -0.852, abs=1e-3
        )
        text = script.ablation_tables.table([row])
        assert "| labelled | 50 % (8) |" in text
        assert "| posterior_only | 30.00 (5.16 to 54.84) |" in text
        assert "| full | 28.90 (4.31 to 53.49) |" in text
        assert "| published, NYU | 16.0 |" in text
        assert "| full | -1.10 (-1.35 to -0.85) |" in text
        assert "`full` is better than `posterior_only`" in text

    @pytest.mark.parametrize(
        ("apart_mm", "said"),
        [
            ((1.0, 1.1, 1.2), "`full` is worse than"),
            ((1.0, -1.1, 0.2), "are not told apart"),
            ((1.0,), "too few runs"),
        ],
    )
    def test_the_verdict_says_what_was_measured(
        self, hands, short, script, apart_mm, said
    ):
        """A loss is called a loss, and an interval with 0 in it nothing."""
        lines = {}
        runs = []
        for seed, extra_mm in enumerate(apart_mm):
            for name, error_mm in (("posterior_only", 20.0), ("full", 20.0 + extra_mm)):
                run = planned(script, hands, short.replace({"seed": seed}), name)
                test = {"mean_joint_error_mm": error_mm}
                lines[run.key] = {"diverged": None, "test": test}
                runs.append(run)
        assert said in script.ablation_tables.table(
            script.ablation_tables.compared(runs, lines)
        )


def test_the_plan_is_balanced(hands, script):
    """Seeds are outermost and set the labels, then come data, ratio and setting."""
    opened = {"one": hands, "two": hands}
    runs = script.planned(opened, [0.5, 1.0], 2, ["gan", "full"], {})
    order = [
        (r.config.label_seed, r.data, r.config.labelled_ratio, r.setting) for r in runs
    ]
    assert order[:5] == [
        (0, "one", 0.5, "gan"),
        (0, "one", 0.5, "full"),
        (0, "one", 1.0, "gan"),
        (0, "one", 1.0, "full"),
        (0, "two", 0.5, "gan"),
    ]
    assert [row[0] for row in order] == [0] * 8 + [1] * 8
    assert {r.config.seed == r.config.label_seed for r in runs} == {True}


class TestPreset:
    def test_plain(self):
        """Without an ablation it is the preset itself."""
        tiny = TrainConfig().replace(presets.PRESETS["tiny"])
        assert presets.preset("tiny") == tiny != TrainConfig()

    def test_ablated(self):
        """Behind a plus stands what is left of the objective."""
        run = presets.preset("tiny+posterior_only")
        assert run == presets.ablated(presets.preset("tiny"), "posterior_only")
        assert run.losses.smoothness == 0

    @pytest.mark.parametrize("name", ["tinyy", "tiny+", "tiny+gaan", "+gan"])
    def test_unknown(self, name):
        """A typing mistake on either side is refused."""
        with pytest.raises(ValueError, match="must be one of"):
            presets.preset(name)


class TestPaper:
    def test_paper_has_the_published_values(self):
        """The values of the paper and its released code, section by section."""
        paper = presets.preset("paper").flat()
        losses = {k: v for k, v in paper.items() if k.startswith("losses.")}
        assert losses.pop("losses.balance") == losses.pop("losses.consistency") == 0.0
        assert set(losses.values()) == {1.0}
        expected = {
            "latent_size": 20,
            "networks.side_px": 128,
            "networks.channels": 32,
            "networks.pose_hidden": 40,
            "vae.epochs": 201,
            "vae.batch_size": 200,
            "vae.learning_rate": 3e-4,
            "vae.noise_std": 0.05,
            "gan.epochs": 1001,
            "gan.batch_size": 100,
            "gan.learning_rate": 3e-4,
            "joint.warm_up_epochs": 21,
            "joint.epochs": 80,
            "joint.batch_size": 200,
            "joint.warm_up_learning_rate": 1e-2,
            "joint.learning_rate": 1e-3,
            "joint.decay": 1.0,
            "joint.mixed_codes": 5,
            "joint.depth_clip": 1.0,
        }
        assert {name: paper[name] for name in expected} == expected

    def test_unknown_preset_lists_the_right_ones(self):
        """A typing mistake is answered with the names there are."""
        with pytest.raises(ValueError, match="paper, small, tiny, got 'smal'"):
            presets.preset("smal")
