"""Checkpoints that are damaged, and disks that take none: real files, real limits."""

import contextlib
import dataclasses
import resource
import shutil
import threading

import pytest

from cnets import presets
from cnets.inference import models
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.worker import checkpoints, train_runner
from harness.worker.train_runner import TrainRunner


SHORT = {
    "networks.joints": 21,
    "vae.epochs": 1,
    "vae.steps": 3,
    "gan.epochs": 1,
    "gan.steps": 2,
    "joint.epochs": 3,
    "joint.steps": 2,
    "gan.batch_size": 8,
    "joint.batch_size": 8,
}


@pytest.fixture
def job(tmp_path) -> Job:
    """A run of a second or two on forty embedded frames."""
    return Job(
        trial="t-00001",
        config=presets.preset("tiny").replace(SHORT),
        data=DataChoice(
            spec="synthetic:40", side_px=32, split=None, cache=str(tmp_path / "cache")
        ),
        checkpoints=str(tmp_path / "checkpoints"),
        picture_steps=(2, 3),
        test=True,
    )


def reports(trained: TrainRunner) -> list:
    """All reports up to the last."""
    found = [trained.advance()]
    while not found[-1].last:
        found.append(trained.advance())
    return found


def figures(report) -> dict:
    """What must repeat: everything but times and pictures."""
    return {
        "step": report.step,
        **report.terms,
        **report.metrics,
        **report.health,
        **report.final,
    }


def advanced(job: Job, epochs: int) -> TrainRunner:
    """A run that stopped after some epochs."""
    trained = TrainRunner(job)
    for _ in range(epochs):
        trained.advance()
    return trained


@contextlib.contextmanager
def files_of_at_most(size: int):
    """No file can grow beyond a size: what a full disk does, without one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def names(folder) -> list[str]:
    """The checkpoints of a folder."""
    return sorted(path.name for path in folder.glob("*"))


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
    def test_is_said_once_with_what_it_goes_on_from(self, job, tmp_path, harm):
        """The first report names the checkpoint and the epoch, the second nothing."""
        advanced(job, 4)
        folder = tmp_path / "checkpoints"
        assert names(folder) == ["at-2-000000", "at-3-000000"]
        getattr(self, harm)(folder / "at-3-000000")
        again = TrainRunner(job)
        first, second = again.advance(), again.advance()
        (said,) = first.restored
        assert said.startswith(
            "A checkpoint was passed over, the run goes on from warm_up epoch 0: "
            "at-3-000000"
        )
        assert str(tmp_path) not in said
        assert (first.stage, first.epoch) == ("warm_up", 1)
        assert second.restored == ()

    def test_everywhere_starts_from_nothing_and_says_so(self, job, tmp_path):
        """No sound one is left: the figures are those of a run without interruption."""
        whole = dataclasses.replace(job, checkpoints=job.checkpoints + "-whole")
        advanced(job, 4)
        folder = tmp_path / "checkpoints"
        for path in folder.glob("at-*"):
            self.cut(path)
        again = reports(TrainRunner(job))
        (said,) = again[0].restored
        assert "Checkpoints were passed over, the run starts again from nothing" in said
        assert "at-2-000000" in said
        assert "at-3-000000" in said
        assert figures(again[-1]) == figures(reports(TrainRunner(whole))[-1])

    def test_newer_ones_that_are_damaged_crowd_out_none(self, job, tmp_path):
        """What is written after a restore is kept, whatever lies before it."""
        folder = tmp_path / "checkpoints"
        advanced(job, 4)
        for name in ("at-3-000001", "at-3-000002"):
            shutil.copytree(folder / "at-3-000000", folder / name)
            self.cut(folder / name)
        advanced(job, 1)
        found = checkpoints.restored(folder, job.config, "cpu")
        assert found.damaged == ()
        assert (found.lane.stage, found.lane.epoch) == ("joint", 0)

    def test_a_sound_start_says_nothing(self, job):
        """Neither a new run nor one that goes on from its newest checkpoint."""
        assert advanced(job, 2).advance().notes == ()
        assert TrainRunner(job).advance().notes == ()


class TestAFullDisk:
    @pytest.fixture(autouse=True)
    def _always(self, monkeypatch):
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)

    def test_the_run_goes_on_and_says_so_once(self, job, tmp_path):
        """The older checkpoints stay, no partial one is seen, and it is tried again."""
        folder = tmp_path / "checkpoints"
        trained = advanced(job, 1)
        before = names(folder)
        with files_of_at_most(5000):
            second, third = trained.advance(), trained.advance()
        assert names(folder) == before
        assert second.unsaved == (
            "The checkpoint could not be stored: File too large; the run goes on and "
            "tries again.",
        )
        assert third.unsaved == ()
        fourth = trained.advance()
        assert fourth.unsaved == ()
        found = checkpoints.restored(folder, job.config, "cpu")
        assert found.damaged == ()
        assert (found.lane.stage, found.lane.epoch) == (fourth.stage, fourth.epoch - 1)
        with files_of_at_most(5000):
            assert len(trained.advance().unsaved) == 1

    def test_figures_are_those_of_a_run_with_space(self, job):
        """Not one of them depends on whether checkpoints could be stored."""
        other = dataclasses.replace(job, checkpoints=job.checkpoints + "-2")
        trained = TrainRunner(other)
        with files_of_at_most(5000):
            found = [trained.advance() for _ in range(5)]
        assert [figures(r) for r in found] == [
            figures(r) for r in reports(TrainRunner(job))[:5]
        ]

    def test_the_end_waits_for_space(self, job, tmp_path, monkeypatch):
        """When there is space within the time, the networks are stored."""
        monkeypatch.setattr(train_runner, "AGAIN_AFTER_S", 0.1)
        trained = advanced(job, 5)
        with files_of_at_most(5000):
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            free = (resource.RLIMIT_FSIZE, (hard, hard))
            timer = threading.Timer(2.0, resource.setrlimit, free)
            timer.start()
            last = trained.advance()
            timer.join()
        assert last.last
        assert last.unsaved[1:] == ()
        assert "final" not in last.unsaved[0]
        assert models.open_model(str(tmp_path / "checkpoints")).digest()
        assert "at-3-000003" in names(tmp_path / "checkpoints")

    def test_the_end_does_not_wait_for_ever(self, job, tmp_path, monkeypatch):
        """After a while the figures are reported and the loss is said."""
        monkeypatch.setattr(train_runner, "STORED_WITHIN_S", 0.2)
        monkeypatch.setattr(train_runner, "AGAIN_AFTER_S", 0.1)
        trained = advanced(job, 5)
        before = names(tmp_path / "checkpoints")
        with files_of_at_most(5000):
            last = trained.advance()
        assert last.last
        assert last.unsaved[-1] == (
            "The final networks are not stored: File too large, for 0 s."
        )
        assert last.final["frames"] == 6
        assert names(tmp_path / "checkpoints") == before
