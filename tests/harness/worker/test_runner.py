import dataclasses

import numpy as np
import pytest
import torch

from cnets import presets
from cnets.inference import models
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.worker import checkpoints, process_bank, train_runner
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


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5])
def test_a_run_that_dies_goes_on_from_what_was_reported(job, epochs, monkeypatch):
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
    found = checkpoints.restored(tmp_path / "checkpoints", job.config, "cpu").lane
    assert (found.stage, found.epoch) == ("gan", 0)


class TestAnEpochRunUnseen:
    """The driver may die with the reports that travel together."""

    def test_it_saves_nothing_and_is_the_same_epoch(self, job, tmp_path):
        """The newest checkpoint stays that of the stage's beginning."""
        seen = TrainRunner(dataclasses.replace(job, checkpoints=str(tmp_path / "b")))
        unseen = TrainRunner(job)
        while seen.lane.stage != "joint":
            assert figures(unseen.advance()) == figures(seen.advance())
        assert figures(unseen.advance()) == figures(seen.advance())
        assert figures(unseen.advance_unseen()) == figures(seen.advance())
        found = checkpoints.restored(tmp_path / "checkpoints", job.config, "cpu").lane
        assert (found.stage, found.epoch) == ("joint", 0)

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


def test_a_damaged_checkpoint_is_passed_over(job, monkeypatch, tmp_path):
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


class TestBeats:
    def test_one_an_update_and_one_a_part_of_an_evaluation(self, job):
        """Three updates of the VAE; in a joint epoch two and one part of frames."""
        bank = process_bank.bank(job.data, "cpu")
        lane = bank.lane(job.config)
        beats = []
        for stage, count in (("vae", 3), ("gan", 2), ("warm_up", 3), ("joint", 3)):
            beats.clear()
            assert lane.stage == stage
            bank.advance([lane], lambda: beats.append(1))
            assert len(beats) == count, stage

    def test_a_failure_leaves_the_shared_networks_in_training(self, job):
        """What ran out of memory in an evaluation spoils no later run."""
        bank = process_bank.bank(job.data, "cpu")
        lane = bank.lane(job.config)
        rows = bank.data.rows("validation")
        del lane.flat["trunk"]
        with pytest.raises(KeyError):
            bank.judge.predict(lane, rows)
        assert bank.modules(job.config)["trunk"].training


def test_a_checkpoint_of_another_configuration_is_not_used(job, tmp_path):
    """A folder that was used before is no trap."""
    trained = TrainRunner(job)
    trained.advance()
    trained.advance()
    other = job.config.replace({"seed": 5})
    assert checkpoints.restored(tmp_path / "checkpoints", other, "cpu").lane is None


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


def test_pictures_come_at_their_steps_only(job):
    """Four rows of four tiles at the rungs, nothing elsewhere."""
    found = {r.step: r.pictures for r in reports(TrainRunner(job)) if r.step}
    assert found[1] is None
    assert found[2].shape == found[3].shape == (4 * 128, 4 * 128, 3)
    assert found[2].dtype == np.uint8


def test_test_figures_come_with_the_last_epoch(job):
    """They are those of the test split, and only where they are wanted."""
    last = reports(TrainRunner(job))[-1]
    assert last.final["frames"] == 6
    assert len(last.final["per_joint_mm"]) == 21
    assert np.mean(last.final["per_joint_mm"]) == pytest.approx(
        last.final["mean_joint_error_mm"]
    )
    assert last.final["validation_mm"] == last.metrics["mean_joint_error_mm"]
    without = dataclasses.replace(job, test=False, checkpoints=job.checkpoints + "-2")
    assert reports(TrainRunner(without))[-1].final == {}


def test_data_that_have_changed_are_refused(job):
    """A fingerprint that differs is named with the data."""
    with pytest.raises(ValueError, match="synthetic:40 has changed"):
        process_bank.same_data(job.data, "0" * 64)
    process_bank.same_data(
        job.data, process_bank.bank(job.data, "cpu").data.fingerprint
    )


def test_one_thread_is_used(job):
    """Sums depend on the number of threads, so it is always one."""
    torch.set_num_threads(2)
    TrainRunner(job)
    assert torch.get_num_threads() == 1


def test_the_last_networks_are_kept(job, tmp_path):
    """When a run has ended, the model in its folder is the one that was tested."""
    trained = TrainRunner(job)
    reports(trained)
    model = models.open_model(str(tmp_path / "checkpoints"))
    data = trained.bank.data
    rows = data.rows("test")
    depth = torch.from_numpy(data.crops[rows].astype(np.float32))[:, None]
    found = model.predict(depth, torch.from_numpy(data.centres_mm[rows]))
    torch.testing.assert_close(found, trained.bank.judge.predict(trained.lane, rows))


def test_a_run_starts_from_a_model(job, tmp_path):
    """It goes straight to the joint stage, with the model's networks."""
    reports(TrainRunner(job))
    origin = models.open_model(str(tmp_path / "checkpoints"))
    again = dataclasses.replace(
        job, init=str(tmp_path / "checkpoints"), checkpoints=str(tmp_path / "second")
    )
    started = TrainRunner(again)
    assert (started.lane.stage, started.lane.epoch) == ("joint", 0)
    assert started.lane.origin == origin.digest()
    for name, module in models.of_lane("", started.lane).modules.items():
        there = origin.modules[name].state_dict()
        for part, tensor in module.state_dict().items():
            assert torch.equal(tensor, there[part]), f"{name} {part}"
    assert [r.stage for r in reports(started)] == ["joint"] * job.config.joint.epochs


def test_a_run_from_another_model_is_not_gone_on_with(job, tmp_path, monkeypatch):
    """A folder with a run from random networks is no trap for one from a model."""
    monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
    first = TrainRunner(job)
    for _ in range(4):
        first.advance()
    folder = tmp_path / "checkpoints"
    assert checkpoints.restored(folder, job.config, "cpu").lane is not None
    assert checkpoints.restored(folder, job.config, "cpu", "0" * 64).lane is None
