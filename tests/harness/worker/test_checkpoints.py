"""Checkpoints on disk: found again, passed over where they are damaged or of another run."""

import dataclasses
import shutil

import pytest
import torch

from cnets.config import TrainConfig
from cnets.training.lanes.lane import Lane
from harness.worker import checkpoints, train_runner
from harness.worker.train_runner import TrainRunner


class TestDamage:
    @pytest.fixture(autouse=True)
    def _always(self, monkeypatch):
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)

    def cut(self, path):
        """The tensors end in the middle."""
        with (path / "lane.safetensors").open("r+b") as file:
            file.truncate(1000)

    def flip(self, path):
        """One byte of the tensors is another."""
        content = bytearray((path / "lane.safetensors").read_bytes())
        content[len(content) // 2] ^= 1
        (path / "lane.safetensors").write_bytes(content)

    def vanish(self, path):
        """The tensors are gone."""
        (path / "lane.safetensors").unlink()

    def unreadable(self, path):
        """The header is no file that can be read."""
        (path / "lane.json").unlink()
        (path / "lane.json").mkdir()

    @pytest.mark.parametrize("harm", ["cut", "flip", "vanish", "unreadable"])
    def test_is_said_once_with_what_it_goes_on_from(
        self, job, tmp_path, harm, advanced, names
    ):
        """The first report names the checkpoint and the epoch, the second nothing."""
        advanced(job, 4)
        folder = tmp_path / "checkpoints"
        assert names(folder) == ["at-2-000000", "at-3-000000"]
        getattr(self, harm)(folder / "at-3-000000")
        again = TrainRunner(job)
        first, second = again.advance(), again.advance()
        (sentence,) = first.restored
        assert sentence.startswith(
            "A checkpoint was passed over, the run goes on from warm_up epoch 0: "
            "at-3-000000"
        )
        assert str(tmp_path) not in sentence
        assert (first.stage, first.epoch) == ("warm_up", 1)
        assert second.restored == ()

    def test_everywhere_starts_from_nothing_and_says_so(
        self, job, tmp_path, reports, figures, advanced
    ):
        """No sound one is left: the figures are those of a run without interruption."""
        whole = dataclasses.replace(job, checkpoints=job.checkpoints + "-whole")
        advanced(job, 4)
        folder = tmp_path / "checkpoints"
        for path in folder.glob("at-*"):
            self.cut(path)
        again = reports(TrainRunner(job))
        (sentence,) = again[0].restored
        assert (
            "Checkpoints were passed over, the run starts again from nothing"
            in sentence
        )
        assert "at-2-000000" in sentence
        assert "at-3-000000" in sentence
        assert figures(again[-1]) == figures(reports(TrainRunner(whole))[-1])

    def test_newer_ones_that_are_damaged_crowd_out_none(self, job, tmp_path, advanced):
        """What is written after a restore is kept, whatever lies before it."""
        folder = tmp_path / "checkpoints"
        advanced(job, 4)
        for name in ("at-3-000001", "at-3-000002"):
            shutil.copytree(folder / "at-3-000000", folder / name)
            self.cut(folder / name)
        advanced(job, 1)
        restored = checkpoints.restored(folder, job.config, "cpu")
        assert restored.damaged == ()
        assert (restored.lane.stage, restored.lane.epoch) == ("joint", 0)

    def test_a_sound_start_says_nothing(self, job, advanced):
        """Neither a new run nor one that goes on from its newest checkpoint."""
        assert advanced(job, 2).advance().notes == ()
        assert TrainRunner(job).advance().notes == ()


def test_a_damaged_checkpoint_is_passed_over(
    job, monkeypatch, tmp_path, reports, figures
):
    """The one before it is used, and the run ends in the same figures."""
    monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
    trained = TrainRunner(job)
    for _ in range(4):
        trained.advance()
    newest = max((tmp_path / "checkpoints").glob("at-*"))
    (newest / "lane.safetensors").write_bytes(b"x")
    before = checkpoints.restored(tmp_path / "checkpoints", job.config, "cpu").lane
    assert (before.stage, before.epoch) == ("warm_up", 0)
    assert figures(reports(TrainRunner(job))[-1]) == figures(reports(trained)[-1])


def test_a_checkpoint_of_another_configuration_is_not_used(job, tmp_path):
    """A folder that was used before is no trap."""
    trained = TrainRunner(job)
    trained.advance()
    trained.advance()
    other = job.config.replace({"seed": 5})
    assert checkpoints.restored(tmp_path / "checkpoints", other, "cpu").lane is None


def test_a_run_from_another_model_is_not_gone_on_with(job, tmp_path, monkeypatch):
    """A folder with a run from random networks is no trap for one from a model."""
    monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
    first = TrainRunner(job)
    for _ in range(4):
        first.advance()
    folder = tmp_path / "checkpoints"
    assert checkpoints.restored(folder, job.config, "cpu").lane is not None
    assert checkpoints.restored(folder, job.config, "cpu", "0" * 64).lane is None


class TestEnded:
    def test_the_last_networks_of_the_run(self, job, tmp_path, reports):
        """None before the end; then those of the last epoch, without the optimisers."""
        config = job.config.replace({"losses.consistency": 1.0})
        job = dataclasses.replace(job, config=config)
        folder = tmp_path / "checkpoints"
        assert checkpoints.ended(folder, job.config, "cpu") is None
        trained = TrainRunner(job)
        trained.advance()
        trained.advance()
        assert checkpoints.ended(folder, job.config, "cpu") is None
        reports(trained)
        lane = checkpoints.ended(folder, job.config, "cpu")
        assert (lane.stage, lane.epoch, lane.moments) == ("joint", 3, {})
        assert trained.lane.averages
        assert not lane.averages
        for name, weights in trained.lane.flat.items():
            assert torch.equal(lane.flat[name], weights)
        other = job.config.replace({"seed": 5})
        assert checkpoints.ended(folder, other, "cpu") is None
        assert checkpoints.ended(folder, job.config, "cpu", "0" * 64) is None

    def test_damaged_ones_are_none(self, job, tmp_path, reports):
        """The run is trained again rather than tested with what is left."""
        reports(TrainRunner(job))
        folder = tmp_path / "checkpoints"
        newest = max(folder.glob("at-*"))
        (newest / "lane.safetensors").write_bytes(b"x")
        assert checkpoints.ended(folder, job.config, "cpu") is None


def test_networks_of_another_run_are_not_deleted(job, tmp_path, advanced):
    """A folder with them is refused; an empty one and that of the same run are not."""
    folder = tmp_path / "checkpoints"
    checkpoints.check_free(folder, job.config)
    advanced(job, 4)
    checkpoints.check_free(folder, job.config)
    other = job.config.replace({"seed": 99})
    with pytest.raises(ValueError, match="holds the networks of another one"):
        checkpoints.check_free(folder, other)
    with pytest.raises(ValueError, match="`out` must be a new folder"):
        checkpoints.check_free(folder, job.config, "0" * 64)


def names(folder) -> list[str]:
    """What lies in a folder of checkpoints."""
    return sorted(path.name for path in folder.iterdir())


class TestHeld:
    def test_one_at_a_time(self, tmp_path):
        """That of a later epoch replaces the one before."""
        for epoch in (2, 4):
            checkpoints.hold(Lane(TrainConfig(), "joint", epoch), tmp_path)
        assert names(tmp_path) == [f"{checkpoints.HELD}3-000004"]

    def test_goes_when_its_epoch_is_published(self, tmp_path):
        """The run has gone on without it."""
        lane = Lane(TrainConfig(), "joint", 2)
        checkpoints.hold(lane, tmp_path)
        checkpoints.publish(lane, tmp_path)
        assert names(tmp_path) == [f"{checkpoints.PUBLISHED}3-000002"]
