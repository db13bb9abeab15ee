"""Tests of `cnets.training.schedule`: lengths and step sizes of the stages."""

import pytest

from cnets import presets
from cnets.config import TrainConfig
from cnets.training import schedule


@pytest.fixture
def tiny() -> TrainConfig:
    """A run of the smallest preset."""
    return presets.preset("tiny")


class TestLength:
    def test_of_each_stage(self, tiny):
        """Warm-up and joint stage have epochs of their own, and one batch size."""
        epochs = {stage: schedule.epochs_of(tiny, stage) for stage in schedule.STAGES}
        assert epochs == {"vae": 20, "gan": 2, "warm_up": 1, "joint": 9}
        for stage in ("warm_up", "joint"):
            assert schedule.stage_settings(tiny, stage) is tiny.joint

    @pytest.mark.parametrize("ratio", [0.1, 1.0])
    def test_an_epoch_is_the_train_split_once(self, hands, tiny, ratio):
        """60 frames in batches of 8 are 7 updates, however few have labels."""
        run = tiny.replace(
            {"labelled_ratio": ratio, "gan.steps": None, "gan.batch_size": 8}
        )
        assert schedule.steps_an_epoch(run, "gan", hands) == 7
        large = run.replace({"gan.batch_size": 61})
        assert schedule.steps_an_epoch(large, "gan", hands) == 1

    def test_or_as_many_updates_as_are_set(self, hands, tiny):
        """A number of steps comes before the size of the data."""
        assert schedule.steps_an_epoch(tiny, "vae", hands) == 60


@pytest.mark.parametrize("stage", schedule.STAGES)
def test_poses_are_decoded_where_copies_are_read(tiny, stage):
    """In the joint stage of a run with consistency the frozen decoder is needed."""
    on = tiny.replace({"losses.consistency": 1.0})
    assert not schedule.reads_copies(tiny, stage)
    assert schedule.networks_of(tiny, stage) == schedule.NETWORKS[stage]
    more = set(schedule.networks_of(on, stage)) - set(schedule.NETWORKS[stage])
    assert more == ({"decoder"} if stage == "joint" else set())
    assert schedule.reads_copies(on, stage) == (stage == "joint")


class TestLearningRate:
    def test_of_each_stage(self, hands, tiny):
        """GAN and warm-up keep theirs; the joint stage decays with every epoch."""
        run = tiny.replace(
            {
                "gan.learning_rate": 0.1,
                "joint.warm_up_learning_rate": 0.2,
                "joint.learning_rate": 0.4,
                "joint.decay": 0.5,
            }
        )
        found = {
            stage: schedule.learning_rate(run, stage, 2, hands)
            for stage in ("gan", "warm_up", "joint")
        }
        assert found == {"gan": 0.1, "warm_up": 0.2, "joint": 0.1}

    def test_of_the_vae(self, hands, tiny):
        """Its epoch has as many updates as are set: 60 here."""
        run = tiny.replace({"vae.learning_rate": 1e-3, "vae.decay": 0.5})
        found = schedule.learning_rate(run, "vae", 11, hands)
        assert found == pytest.approx(1e-3 * 0.5 ** (10 * 61 / 10_000))


class TestVaeLearningRate:
    def test_follows_the_released_schedule(self, tiny):
        """0.95^(e (steps + 1) / 10000), e counting epochs before the last one."""
        paper = tiny.replace({"vae.learning_rate": 3e-4, "vae.decay": 0.95})
        rates = [
            schedule.vae_learning_rate(paper, epoch, 363) for epoch in (0, 1, 2, 101)
        ]
        expected = [3e-4, 3e-4, 3e-4 * 0.95**0.0364, 3e-4 * 0.95**3.64]
        assert rates == pytest.approx(expected)
