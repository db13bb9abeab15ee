"""Whole runs in one process: what they report, keep and go on from."""

import contextlib
import dataclasses
import resource
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from cnets.inference import models
from harness.worker import checkpoints, train_runner
from harness.worker.train_runner import TrainRunner


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5])
def test_a_run_that_dies_goes_on_from_what_was_reported(
    job, epochs, monkeypatch, reports, figures
):
    """A new runner, after any epoch, ends in the same figures."""
    whole = reports(
        TrainRunner(dataclasses.replace(job, checkpoints=job.checkpoints + "-whole"))
    )
    monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
    first = TrainRunner(job)
    seen = [first.advance() for _ in range(epochs)]
    rest = reports(TrainRunner(job))
    known = [(r.stage, r.epoch) for r in seen]
    again = [(r.stage, r.epoch) for r in rest]
    assert again[0] in {known[-1]} | {(whole[epochs].stage, whole[epochs].epoch)}
    assert figures(rest[-1]) == figures(whole[-1])


def test_a_checkpoint_is_never_newer_than_the_report_before_it(
    job, monkeypatch, tmp_path
):
    """After an epoch the newest checkpoint is that of the epoch before."""
    monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
    trained = TrainRunner(job)
    trained.advance()
    assert checkpoints.restored(tmp_path / "checkpoints", job.config, "cpu").lane
    trained.advance()
    lane = checkpoints.restored(tmp_path / "checkpoints", job.config, "cpu").lane
    assert (lane.stage, lane.epoch) == ("gan", 0)


class TestAnEpochRunUnseen:
    """The driver may die with the reports that travel together."""

    def test_it_saves_nothing_and_is_the_same_epoch(self, job, tmp_path, figures):
        """The newest checkpoint stays that of the stage's beginning."""
        seen = TrainRunner(dataclasses.replace(job, checkpoints=str(tmp_path / "b")))
        unseen = TrainRunner(job)
        while seen.lane.stage != "joint":
            assert figures(unseen.advance()) == figures(seen.advance())
        assert figures(unseen.advance()) == figures(seen.advance())
        assert figures(unseen.advance_unseen()) == figures(seen.advance())
        lane = checkpoints.restored(tmp_path / "checkpoints", job.config, "cpu").lane
        assert (lane.stage, lane.epoch) == ("joint", 0)

    def test_it_is_not_run_where_a_checkpoint_is_due(self, job, monkeypatch):
        """In a stage without one, and where the newest one is old."""
        trained = TrainRunner(job)
        while trained.lane.stage != "joint":
            trained.advance()
        assert trained.advance_unseen() is None
        assert trained.lane.epoch == 0
        trained.advance()
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
        assert trained.advance_unseen() is None
        assert trained.lane.epoch == 1


def test_the_reports_carry_figures_and_findings_of_health(job):
    """A pose VAE that drowns in noise is found at its end, in figure and rule."""
    drowned = job.config.replace({"losses.kl": 1e6, "vae.steps": 60})
    first = TrainRunner(dataclasses.replace(job, config=drowned)).advance()
    assert first.health == {"active_units": 0.0}
    assert first.finding is not None
    assert (first.finding.rule, first.finding.value) == ("posterior collapse", 0.0)
    sound = TrainRunner(job).advance()
    assert sound.health["active_units"] > 0
    assert sound.finding is None


def test_pictures_come_at_their_steps_only(job, reports):
    """Four rows of four tiles at the rungs, nothing elsewhere."""
    pictures = {r.step: r.pictures for r in reports(TrainRunner(job)) if r.step}
    assert pictures[1] is None
    assert pictures[2].shape == pictures[3].shape == (4 * 128, 4 * 128, 3)
    assert pictures[2].dtype == np.uint8


def test_test_figures_come_with_the_last_epoch(job, reports):
    """They are those of the test split, and only where they are wanted."""
    trained = TrainRunner(job)
    last = reports(trained)[-1]
    assert last.final["frames"] == 6
    assert len(last.final["per_joint_mm"]) == 21
    assert np.mean(last.final["per_joint_mm"]) == pytest.approx(
        last.final["mean_joint_error_mm"]
    )
    assert last.test_errors_mm.shape == (6, 21)
    assert np.mean(last.test_errors_mm) == pytest.approx(
        last.final["mean_joint_error_mm"]
    )
    floor = trained.bank.judge.floor(trained.lane, "test")
    assert last.final["vae_floor_mm"] == pytest.approx(float(floor.mean()))
    assert "validation_mm" not in last.final  # the policy has it, from the metrics
    without = dataclasses.replace(job, test=False, checkpoints=job.checkpoints + "-2")
    assert reports(TrainRunner(without))[-1].final == {}


class TestARunThatHasEnded:
    @pytest.fixture(autouse=True)
    def _ended(self, job, reports):
        """It was trained without a look at the test split."""
        seen = reports(TrainRunner(dataclasses.replace(job, test=False)))
        assert all(report.final == {} for report in seen)

    def test_is_tested_without_training(self, job, reports, names):
        """One report, with the figures of a run that was tested at its end."""
        before = names(Path(job.checkpoints))
        tester = TrainRunner(job)
        weights = {name: flat.clone() for name, flat in tester.lane.flat.items()}
        (report,) = reports(tester)
        whole = dataclasses.replace(job, checkpoints=job.checkpoints + "-whole")
        expected = reports(TrainRunner(whole))[-1]
        np.testing.assert_array_equal(report.test_errors_mm, expected.test_errors_mm)
        assert report.final == expected.final
        assert report.metrics == expected.metrics
        assert (report.step, report.not_scored) == (3, 0)
        assert tester.lane.flat.keys() == weights.keys()
        assert all(torch.equal(tester.lane.flat[n], w) for n, w in weights.items())
        assert names(Path(job.checkpoints)) == before

    def test_trains_again_if_its_networks_are_gone(self, job, reports):
        """The same figures, to the last bit."""
        (kept,) = reports(TrainRunner(job))
        shutil.rmtree(job.checkpoints)
        again = reports(TrainRunner(job))
        assert len(again) == 6
        np.testing.assert_array_equal(again[-1].test_errors_mm, kept.test_errors_mm)
        assert again[-1].final == kept.final

    def test_is_trained_again_where_no_test_is_wanted(self, job):
        """A job without a test never takes up networks that have ended."""
        assert not TrainRunner(dataclasses.replace(job, test=False)).lane.finished


def test_the_last_networks_are_kept(job, tmp_path, reports):
    """When a run has ended, the model in its folder is the one that was tested."""
    trained = TrainRunner(job)
    reports(trained)
    model = models.open_model(str(tmp_path / "checkpoints"))
    data = trained.bank.data
    rows = data.rows("test")
    depth = torch.from_numpy(data.crops[rows].astype(np.float32))[:, None]
    joints_mm = model.predict(depth, torch.from_numpy(data.centres_mm[rows]))
    torch.testing.assert_close(
        joints_mm, trained.bank.judge.predict(trained.lane, rows)
    )


@contextlib.contextmanager
def files_of_at_most(size: int):
    """No file can grow beyond a size: what a full disk does, without one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestAFullDisk:
    @pytest.fixture(autouse=True)
    def _always(self, monkeypatch):
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)

    def test_the_run_goes_on_and_says_so_once(self, job, tmp_path, advanced, names):
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
        restored = checkpoints.restored(folder, job.config, "cpu")
        assert restored.damaged == ()
        assert (restored.lane.stage, restored.lane.epoch) == (
            fourth.stage,
            fourth.epoch - 1,
        )
        with files_of_at_most(5000):
            assert len(trained.advance().unsaved) == 1

    def test_figures_are_those_of_a_run_with_space(self, job, reports, figures):
        """Not one of them depends on whether checkpoints could be stored."""
        other = dataclasses.replace(job, checkpoints=job.checkpoints + "-2")
        trained = TrainRunner(other)
        with files_of_at_most(5000):
            without_space = [trained.advance() for _ in range(5)]
        assert [figures(r) for r in without_space] == [
            figures(r) for r in reports(TrainRunner(job))[:5]
        ]

    def test_the_end_waits_for_space(self, job, tmp_path, monkeypatch, advanced, names):
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

    def test_the_end_does_not_wait_for_ever(
        self, job, tmp_path, monkeypatch, advanced, names
    ):
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


class TestWaiting:
    """A trial that may be made to wait has its networks stored before it reports."""

    @pytest.fixture
    def waiting(self, job):
        """The same run, compared after epoch 2 of its 3."""
        return dataclasses.replace(job, waits=True, picture_steps=(2, 3))

    def to_the_rung(self, job) -> TrainRunner:
        """A run that has just reported epoch 2."""
        trained = TrainRunner(job)
        while (trained.lane.stage, trained.lane.epoch) != ("joint", 2):
            trained.advance()
        return trained

    def test_it_goes_on_from_the_rung_to_the_last_bit(self, waiting, reports, figures):
        """Elsewhere, and with the figures of a run that never waited."""
        whole = dataclasses.replace(waiting, checkpoints=waiting.checkpoints + "-whole")
        self.to_the_rung(waiting)
        again = TrainRunner(dataclasses.replace(waiting, reported=2))
        assert (again.lane.stage, again.lane.epoch) == ("joint", 2)
        assert figures(reports(again)[-1]) == figures(reports(TrainRunner(whole))[-1])

    def test_a_report_that_was_lost_is_made_again(self, waiting):
        """The driver died before it had it: what is held does not count."""
        self.to_the_rung(waiting)
        again = TrainRunner(dataclasses.replace(waiting, reported=1))
        assert (again.lane.stage, again.lane.epoch) != ("joint", 2)

    def test_one_that_goes_on_at_once_need_not_write_again(
        self, waiting, tmp_path, names
    ):
        """What was held is published under its place."""
        trained = self.to_the_rung(waiting)
        folder = tmp_path / "checkpoints"
        assert names(folder)[-1] == "held-3-000002"
        trained._settle()
        assert names(folder)[-1] == "at-3-000002"
        assert TrainRunner(waiting).lane.epoch == 2

    def test_nothing_is_held_where_no_trial_waits(self, job, tmp_path, names):
        """Nor between rungs."""
        self.to_the_rung(dataclasses.replace(job, picture_steps=(2, 3)))
        assert not [n for n in names(tmp_path / "checkpoints") if n.startswith("held")]
        other = dataclasses.replace(job, waits=True, picture_steps=(1, 3))
        self.to_the_rung(other)
        held = [n for n in names(tmp_path / "checkpoints") if n.startswith("held")]
        assert held == []  # that of epoch 1 counts, as the trial went on
