"""Runs that share pre-trainings end with the bits of those that do not."""

import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from cnets.training import state
from harness.definition.job import Job
from harness.worker import train_runner
from harness.worker.stages.stage_store import StageStore
from harness.worker.train_runner import TrainRunner


RUN = """
import json, sys
from cnets.config import TrainConfig
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.worker.train_runner import TrainRunner
root, trial, asked = sys.argv[1:]
data = DataChoice(spec="synthetic:40", side_px=32, split=None, cache=f"{root}/cache")
trained = TrainRunner(Job(
    trial=trial, search="first", config=TrainConfig().replace(json.loads(asked)),
    data=data, checkpoints=f"{root}/checkpoints/first/{trial}",
    stages=f"{root}/stages", hang_after_s=60.0,
))
print("begun", flush=True)
reports = [trained.advance()]
while not reports[-1].last:
    reports.append(trained.advance())
print(json.dumps([note for report in reports for note in report.paid]))
"""


def other(job: Job, trial: str, **changes) -> Job:
    """The job of another trial, with another weight of the joint stage."""
    name = Path(job.checkpoints).parent / trial
    later = job.config.replace({"losses.posterior": 2.0, **changes})
    return dataclasses.replace(job, trial=trial, config=later, checkpoints=str(name))


def alone(job: Job) -> Job:
    """The same run without the tree."""
    folder = f"{job.checkpoints}-alone"
    return dataclasses.replace(job, stages=None, checkpoints=folder)


def places(reports: list) -> list[tuple[str, int]]:
    """Stage and epoch of each report."""
    return [(report.stage, report.epoch) for report in reports]


def paid(reports: list) -> list[str]:
    """What the reports say of pre-trainings, without the digits of the keys."""
    return [f"{n.split()[0]} {n.split(': ')[1]}" for r in reports for n in r.paid]


def same_networks(first: TrainRunner, second: TrainRunner) -> bool:
    """Whether every parameter and every running statistic has the same bits."""
    pairs = [(first.lane.flat[n], second.lane.flat[n]) for n in first.lane.flat]
    for name, buffers in first.lane.buffers.items():
        pairs += [(b, second.lane.buffers[name][n]) for n, b in buffers.items()]
    return all(torch.equal(a, b) for a, b in pairs)


class TestARun:
    def test_with_reused_stages_equals_one_that_trained_them(self, job, reports):
        """No report is skipped but theirs, and the last bit is the same."""
        first = TrainRunner(job)
        reported = reports(first)
        assert places(reported)[:4] == [("vae", 1), ("vae", 2), ("gan", 1), ("gan", 2)]
        assert paid(reported) == ["vae trained here", "gan trained here"]
        second, plain = (
            TrainRunner(other(job, "t-00002")),
            TrainRunner(alone(other(job, "t-00002"))),
        )
        short, long = reports(second), reports(plain)
        assert places(short) == [("warm_up", 1), ("joint", 1), ("joint", 2)]
        assert paid(short) == [
            "vae reused, trained by t-00001",
            "gan reused, trained by t-00001",
        ]
        assert places(long)[:4] == places(reported)[:4]
        assert paid(long) == []
        assert same_networks(second, plain)
        assert short[-1].metrics == long[-1].metrics
        assert short[-1].terms_so_far == long[-1].terms_so_far
        assert not same_networks(second, first)

    def test_takes_only_what_it_would_have_trained(self, job, reports):
        """Another weight of the VAE costs a VAE, and no GAN."""
        reports(TrainRunner(job))
        reported = reports(TrainRunner(other(job, "t-00002", **{"losses.kl": 2.0})))
        assert (
            paid(reported)
            == ["gan reused, trained by t-00001", "vae trained here"][::-1]
        )
        assert places(reported)[:3] == [("vae", 1), ("vae", 2), ("warm_up", 1)]

    def test_of_another_search_is_named_with_it(self, job, reports):
        """The payer of another search has its search in front."""
        reports(TrainRunner(job))
        second = dataclasses.replace(other(job, "t-00001"), search="second")
        second = dataclasses.replace(second, checkpoints=job.checkpoints + "-second")
        reported = reports(TrainRunner(second))
        assert paid(reported)[0] == "vae reused, trained by first/t-00001"

    def test_that_died_in_a_stage_goes_on_from_its_own_checkpoint(
        self, job, monkeypatch, reports
    ):
        """Its claim is taken over, two epochs are left, and the bits are the same."""
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
        job = other(job, "t-00001", **{"gan.epochs": 3})
        first = TrainRunner(job)
        for _ in range(4):
            first.advance()
        del first
        again = TrainRunner(job)
        reported = reports(again)
        assert places(reported)[:3] == [("gan", 2), ("gan", 3), ("warm_up", 1)]
        assert paid(reported) == ["gan trained here"]
        plain = TrainRunner(alone(job))
        reports(plain)
        assert same_networks(again, plain)

    def test_that_died_after_it_stored_a_product_has_trained_it(self, job, reports):
        """Its own product is not one that it reused."""
        first = TrainRunner(job)
        for _ in range(4):
            first.advance()
        reported = reports(TrainRunner(job))
        assert places(reported)[0] == ("warm_up", 1)
        assert paid(reported) == ["gan trained here"]

    def test_its_collapse_is_everybodys_whose_limits_object(self, job, reports):
        """A reused VAE without active units ends the trial as a trained one would."""
        drowned = {"losses.kl": 1e6, "vae.steps": 60}
        reported = reports(TrainRunner(other(job, "t-00001", **drowned)))
        assert reported[1].finding is not None
        second = TrainRunner(other(job, "t-00002", **drowned))
        report = second.advance()
        assert (report.stage, report.epoch, report.seconds) == ("vae", 2, 0.0)
        assert report.finding == reported[1].finding
        assert (report.health, report.terms) == (reported[1].health, reported[1].terms)
        third = TrainRunner(
            other(job, "t-00003", **drowned, **{"health.active_units": 0})
        )
        assert third.advance().stage == "warm_up"

    def test_what_diverged_is_not_kept_and_not_held(self, job):
        """Whoever comes next trains it again, and diverges by itself."""
        wild = other(job, "t-00001", **{"vae.learning_rate": 1e30})
        report = TrainRunner(wild).advance()
        assert report.finding is not None
        assert report.finding.state == "diverged"
        assert not [p for p in Path(job.stages).rglob("*") if p.is_file()]

    def test_a_crash_in_a_stage_frees_it(self, job):
        """The claim of a run whose update fails is gone at once."""
        broken = TrainRunner(job)
        del broken.lane.flat["decoder"]
        with pytest.raises(KeyError):
            broken.advance()
        assert not [p for p in Path(job.stages).rglob("*") if p.is_file()]

    def test_a_damaged_product_is_made_again_and_said(self, job, reports, keys):
        """One changed byte costs a training; the numbers stay the same."""
        first = TrainRunner(job)
        reports(first)
        key = keys(first)["vae"]
        tensors = Path(job.stages) / key.digest / state.TENSORS
        content = bytearray(tensors.read_bytes())
        content[-1] ^= 1
        tensors.write_bytes(content)
        second = TrainRunner(other(job, "t-00002"))
        reported = reports(second)
        assert reported[0].restored == (
            f"{key.short} is trained again: {key.digest}/{state.TENSORS} does not "
            "match its checksum.",
        )
        assert paid(reported) == ["vae trained here", "gan reused, trained by t-00001"]
        plain = TrainRunner(alone(other(job, "t-00002")))
        reports(plain)
        assert same_networks(second, plain)
        assert StageStore(Path(job.stages)).find(key) is not None

    def test_a_folder_that_cannot_be_used_costs_the_sharing_only(
        self, job, tmp_path, reports
    ):
        """A file in its place is said once, and the run trains for itself."""
        (tmp_path / "stages").write_text("no folder")
        trained = TrainRunner(job)
        reported = reports(trained)
        sentences = [note for report in reported for note in report.unsaved]
        assert sentences == [
            "Pre-trainings are not shared by this run any more: Not a directory."
        ]
        assert places(reported)[0] == ("vae", 1)
        assert paid(reported) == []

    def test_waits_for_the_one_that_is_at_it(self, job, tmp_path, reports):
        """Of two processes each stage is trained by one, and both end well."""
        first = TrainRunner(job)
        reported = [first.advance()]
        asked = json.dumps({**other(job, "t-00002").config.flat()})
        words = [sys.executable, "-c", RUN, str(tmp_path), "t-00002", asked]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "begun\n"
            time.sleep(0.5)
            claims = Path(job.stages) / ".claims"
            (claim,) = claims.iterdir()  # it waits for the rest of the VAE
            said = json.loads(claim.read_bytes().splitlines()[0])
            assert said["owner"] == "first/t-00001"
            reported += reports(first)
            answer, _ = second.communicate(timeout=120)
        both = [note for report in reported for note in report.paid] + json.loads(
            answer
        )
        trained = [note for note in both if note.endswith("trained here")]
        reused = [note for note in both if "reused" in note]
        assert (len(trained), len(reused)) == (2, 2)
        assert {note[:12] for note in trained} == {note[:12] for note in reused}
        assert any(n.startswith("vae") and "by t-00001" in n for n in reused)
