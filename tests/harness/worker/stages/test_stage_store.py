"""Products, claims and notes of pre-trainings that runs share."""

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from cnets import presets, sealed
from cnets.training import state
from cnets.training.epoch_report import EpochReport
from cnets.training.sharing import stage_keys
from harness.definition import stage_notes
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.definition.stage_notes import StageNote
from harness.worker import process_bank, train_runner
from harness.worker.stages import stage_claims
from harness.worker.stages.stage_store import RECORD, StageStore
from harness.worker.train_runner import TrainRunner
from results import Store
from results.checking.verify import verify


SHORT = {
    "networks.joints": 21,
    "networks.channels": 2,
    "vae.epochs": 2,
    "vae.steps": 2,
    "gan.epochs": 2,
    "gan.steps": 2,
    "joint.epochs": 2,
    "joint.steps": 2,
    "gan.batch_size": 8,
    "joint.batch_size": 8,
}
TAKE = """
import sys, time
from pathlib import Path
from harness.worker.stages import stage_claims
claim = stage_claims.take(Path(sys.argv[1]), "s/t-00009")
print("taken" if claim else "busy", flush=True)
time.sleep(float(sys.argv[2]))
"""
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


@pytest.fixture
def job(tmp_path) -> Job:
    """A run of a second on forty embedded frames that shares its stages."""
    return Job(
        trial="t-00001",
        search="first",
        config=presets.preset("tiny").replace(SHORT),
        data=DataChoice(
            spec="synthetic:40", side_px=32, split=None, cache=str(tmp_path / "cache")
        ),
        checkpoints=str(tmp_path / "checkpoints" / "first" / "t-00001"),
        stages=str(tmp_path / "stages"),
        hang_after_s=2.0,
    )


def other(job: Job, trial: str, **changes) -> Job:
    """The job of another trial, with another weight of the joint stage."""
    name = Path(job.checkpoints).parent / trial
    later = job.config.replace({"losses.posterior": 2.0, **changes})
    return dataclasses.replace(job, trial=trial, config=later, checkpoints=str(name))


def alone(job: Job) -> Job:
    """The same run without the tree."""
    folder = f"{job.checkpoints}-alone"
    return dataclasses.replace(job, stages=None, checkpoints=folder)


def run(trained: TrainRunner) -> list:
    """All reports up to the last."""
    found = [trained.advance()]
    while not found[-1].last:
        found.append(trained.advance())
    return found


def places(reports: list) -> list[tuple[str, int]]:
    """Stage and epoch of each report."""
    return [(report.stage, report.epoch) for report in reports]


def paid(reports: list) -> list[str]:
    """What the reports say of pre-trainings, without the digits of the keys."""
    return [f"{n.split()[0]} {n.split(': ')[1]}" for r in reports for n in r.paid]


def same_networks(one: TrainRunner, two: TrainRunner) -> bool:
    """Whether every parameter and every running statistic has the same bits."""
    pairs = [(one.lane.flat[n], two.lane.flat[n]) for n in one.lane.flat]
    for name, buffers in one.lane.buffers.items():
        pairs += [(b, two.lane.buffers[name][n]) for n, b in buffers.items()]
    return all(torch.equal(a, b) for a, b in pairs)


def keys(trained: TrainRunner) -> dict[str, stage_keys.StageKey]:
    """The keys of a run's stages."""
    bank, settings = trained.bank, trained.job.config
    return {s: stage_keys.key(bank, settings, s) for s in stage_keys.SHARED}


class TestARun:
    def test_with_reused_stages_equals_one_that_trained_them(self, job):
        """No report is skipped but theirs, and the last bit is the same."""
        first = TrainRunner(job)
        told = run(first)
        assert places(told)[:4] == [("vae", 1), ("vae", 2), ("gan", 1), ("gan", 2)]
        assert paid(told) == ["vae trained here", "gan trained here"]
        second, plain = (
            TrainRunner(other(job, "t-00002")),
            TrainRunner(alone(other(job, "t-00002"))),
        )
        short, long = run(second), run(plain)
        assert places(short) == [("warm_up", 1), ("joint", 1), ("joint", 2)]
        assert paid(short) == [
            "vae reused, trained by t-00001",
            "gan reused, trained by t-00001",
        ]
        assert places(long)[:4] == places(told)[:4]
        assert paid(long) == []
        assert same_networks(second, plain)
        assert short[-1].metrics == long[-1].metrics
        assert short[-1].terms_so_far == long[-1].terms_so_far
        assert not same_networks(second, first)

    def test_takes_only_what_it_would_have_trained(self, job):
        """Another weight of the VAE costs a VAE, and no GAN."""
        run(TrainRunner(job))
        told = run(TrainRunner(other(job, "t-00002", **{"losses.kl": 2.0})))
        assert (
            paid(told) == ["gan reused, trained by t-00001", "vae trained here"][::-1]
        )
        assert places(told)[:3] == [("vae", 1), ("vae", 2), ("warm_up", 1)]

    def test_of_another_search_is_named_with_it(self, job):
        """The payer of another search has its search in front."""
        run(TrainRunner(job))
        second = dataclasses.replace(other(job, "t-00001"), search="second")
        second = dataclasses.replace(second, checkpoints=job.checkpoints + "-second")
        told = run(TrainRunner(second))
        assert paid(told)[0] == "vae reused, trained by first/t-00001"

    def test_that_died_in_a_stage_goes_on_from_its_own_checkpoint(
        self, job, monkeypatch
    ):
        """Its claim is taken over, two epochs are left, and the bits are the same."""
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
        job = other(job, "t-00001", **{"gan.epochs": 3})
        first = TrainRunner(job)
        for _ in range(4):
            first.advance()
        del first
        again = TrainRunner(job)
        told = run(again)
        assert places(told)[:3] == [("gan", 2), ("gan", 3), ("warm_up", 1)]
        assert paid(told) == ["gan trained here"]
        plain = TrainRunner(alone(job))
        run(plain)
        assert same_networks(again, plain)

    def test_that_died_after_it_stored_a_product_has_trained_it(self, job):
        """Its own product is not one that it reused."""
        first = TrainRunner(job)
        for _ in range(4):
            first.advance()
        told = run(TrainRunner(job))
        assert places(told)[0] == ("warm_up", 1)
        assert paid(told) == ["gan trained here"]

    def test_its_collapse_is_everybodys_whose_limits_object(self, job):
        """A reused VAE without active units ends the trial as a trained one would."""
        drowned = {"losses.kl": 1e6, "vae.steps": 60}
        told = run(TrainRunner(other(job, "t-00001", **drowned)))
        assert told[1].finding is not None
        second = TrainRunner(other(job, "t-00002", **drowned))
        report = second.advance()
        assert (report.stage, report.epoch, report.seconds) == ("vae", 2, 0.0)
        assert report.finding == told[1].finding
        assert (report.health, report.terms) == (told[1].health, told[1].terms)
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

    def test_a_damaged_product_is_made_again_and_said(self, job):
        """One changed byte costs a training; the numbers stay the same."""
        first = TrainRunner(job)
        run(first)
        key = keys(first)["vae"]
        tensors = Path(job.stages) / key.digest / state.TENSORS
        content = bytearray(tensors.read_bytes())
        content[-1] ^= 1
        tensors.write_bytes(content)
        second = TrainRunner(other(job, "t-00002"))
        told = run(second)
        assert told[0].restored == (
            f"{key.short} is trained again: {key.digest}/{state.TENSORS} does not "
            "match its checksum.",
        )
        assert paid(told) == ["vae trained here", "gan reused, trained by t-00001"]
        plain = TrainRunner(alone(other(job, "t-00002")))
        run(plain)
        assert same_networks(second, plain)
        assert StageStore(Path(job.stages)).find(key) is not None

    def test_a_folder_that_cannot_be_used_costs_the_sharing_only(self, job, tmp_path):
        """A file in its place is said once, and the run trains for itself."""
        (tmp_path / "stages").write_text("no folder")
        trained = TrainRunner(job)
        told = run(trained)
        said = [note for report in told for note in report.unsaved]
        assert said == [
            "Pre-trainings are not shared by this run any more: Not a directory."
        ]
        assert places(told)[0] == ("vae", 1)
        assert paid(told) == []

    def test_waits_for_the_one_that_is_at_it(self, job, tmp_path):
        """Of two processes each stage is trained by one, and both end well."""
        first = TrainRunner(job)
        told = [first.advance()]
        asked = json.dumps({**other(job, "t-00002").config.flat()})
        words = [sys.executable, "-c", RUN, str(tmp_path), "t-00002", asked]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "begun\n"
            time.sleep(0.5)
            claims = Path(job.stages) / ".claims"
            (there,) = claims.iterdir()  # it waits for the rest of the VAE
            assert json.loads(there.read_bytes())["owner"] == "first/t-00001"
            told += run(first)
            answer, _ = second.communicate(timeout=120)
        both = [note for report in told for note in report.paid] + json.loads(answer)
        trained = [note for note in both if note.endswith("trained here")]
        reused = [note for note in both if "reused" in note]
        assert (len(trained), len(reused)) == (2, 2)
        assert {note[:12] for note in trained} == {note[:12] for note in reused}
        assert any(n.startswith("vae") and "by t-00001" in n for n in reused)


class TestClaims:
    def test_one_has_it_until_it_is_released(self, tmp_path):
        """The second gets nothing, and then everything."""
        path = tmp_path / "claims" / "a.json"
        claim = stage_claims.take(path, "s/one")
        assert claim is not None
        assert stage_claims.take(path, "s/two") is None
        claim.release()
        claim.release()
        assert stage_claims.take(path, "s/two") is not None

    def test_of_a_process_that_is_gone_is_free_at_once(self, tmp_path):
        """While it lives it is respected; killed, it is not waited for."""
        path = tmp_path / "a.json"
        words = [sys.executable, "-c", TAKE, str(path), "60"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "taken\n"
            watch = stage_claims.Watch(path, 3600.0)
            assert not watch.free()
            assert watch.owner == "s/t-00009"
            owner.kill()
            owner.wait()
            assert watch.free()
        assert stage_claims.take(path, "s/two") is not None

    def test_of_another_machine_lives_by_its_beats(self, tmp_path):
        """As long as the file changes it is respected, then it is not."""
        path = tmp_path / "a.json"
        said = {"host": "elsewhere", "boot": "b", "pid": 1, "started": "1", "thread": 1}
        path.write_text(json.dumps({**said, "owner": "s/far"}))
        watch = stage_claims.Watch(path, 0.3)
        for beat in range(4):
            os.utime(path, (beat, beat))
            assert not watch.free()
            time.sleep(0.15)
        time.sleep(0.3)
        assert watch.free()
        assert not path.exists()

    def test_of_this_very_thread_is_nobodys(self, tmp_path):
        """Who waits here cannot be at work here; another thread can."""
        path = tmp_path / "a.json"
        claim = stage_claims.take(path, "s/one")
        found = []
        thread = threading.Thread(
            target=lambda: found.append(stage_claims.Watch(path, 60.0).free())
        )
        thread.start()
        thread.join()
        assert found == [False]
        assert stage_claims.Watch(path, 60.0).free()
        assert claim is not None
        claim.release()

    def test_a_number_that_went_to_another_process_is_no_owner(self, tmp_path):
        """The same process number with another start is somebody else."""
        path = tmp_path / "a.json"
        claim = stage_claims.take(path, "s/one")
        said = json.loads(path.read_bytes())
        path.write_text(json.dumps({**said, "pid": 1}))
        assert stage_claims.Watch(path, 60.0).free()
        assert claim is not None

    def test_a_beat_is_seen_and_keeps_only_its_own_claim(self, tmp_path):
        """It moves the time of the file; after a takeover it touches no other's."""
        path = tmp_path / "a.json"
        claim = stage_claims.take(path, "s/one")
        assert claim is not None
        os.utime(path, (1, 1))
        claim._beaten_s -= 10
        claim.beat()
        assert path.stat().st_mtime > 1
        path.unlink()
        path.write_text("{}")
        os.utime(path, (1, 1))
        claim._beaten_s -= 10
        claim.beat()
        assert path.stat().st_mtime == 1
        claim.release()
        assert path.exists()

    def test_the_training_loop_beats(self, job, monkeypatch):
        """An epoch moves the time of the claim, so that others see it at work."""
        monkeypatch.setattr(stage_claims, "BEAT_EVERY_S", 0.0)
        trained = TrainRunner(job)
        trained.advance()
        (claim,) = (Path(job.stages) / ".claims").iterdir()
        os.utime(claim, (1, 1))
        trained._sharing.beat()
        assert claim.stat().st_mtime > 1
        os.utime(claim, (1, 1))
        monkeypatch.setattr(trained._sharing, "leave", lambda *_: None)
        trained.advance()
        assert claim.stat().st_mtime > 1

    def test_a_run_that_is_dropped_frees_its_claim(self, job):
        """A worker that takes another trial holds nobody up."""
        dropped = TrainRunner(job)
        dropped.advance()
        claims = Path(job.stages) / ".claims"
        assert len(list(claims.iterdir())) == 1
        del dropped
        assert list(claims.iterdir()) == []


class TestStore:
    @pytest.fixture
    def made(self, job) -> TrainRunner:
        """A run that has ended."""
        trained = TrainRunner(job)
        run(trained)
        return trained

    def test_says_who_paid_and_for_what(self, job, made):
        """The record names payer and inputs; the networks are the run's own."""
        store, key = StageStore(Path(job.stages)), keys(made)["vae"]
        found = store.find(key)
        assert found is not None
        assert found.payer == "first/t-00001"
        record = sealed.decode((store.path(key) / RECORD).read_bytes())
        assert record["inputs"] == dict(key.inputs)
        assert record["seconds"] > 0
        assert torch.equal(found.lane.flat["decoder"], made.lane.flat["decoder"])
        assert set(found.lane.flat) == {"encoder", "decoder"}
        assert found.lane.moments == {}

    def test_the_first_of_two_stays(self, job, made):
        """A second product of one key is dropped, and leaves nothing behind."""
        store, key = StageStore(Path(job.stages)), keys(made)["vae"]
        there = store.find(key)
        assert there is not None
        before = sorted(path.name for path in store.folder.iterdir())
        assert store.put(key, there.lane, "second/t-00009") is False
        again = store.find(key)
        assert again is not None
        assert again.payer == "first/t-00001"
        assert sorted(path.name for path in store.folder.iterdir()) == before

    def test_what_is_not_finite_is_not_stored(self, job, made, tmp_path):
        """One NaN in a network keeps the product out."""
        key = keys(made)["gan"]
        there = StageStore(Path(job.stages)).find(key)
        assert there is not None
        there.lane.flat["trunk"][3] = torch.nan
        fresh = StageStore(tmp_path / "fresh")
        assert fresh.put(key, there.lane, "a/b") is False
        assert fresh.find(key) is None

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"key": "0" * 64}, "is that of another product"),
            ({"payer": "../../etc passwd"}, "is that of another product"),
            ({"payer": None}, "is that of another product"),
        ],
    )
    def test_a_record_that_does_not_belong_is_refused(self, job, made, changes, rule):
        """Sealed or not: the key and the payer have to make sense."""
        store, key = StageStore(Path(job.stages)), keys(made)["vae"]
        path = store.path(key) / RECORD
        said = sealed.decode(path.read_bytes())
        path.write_bytes(sealed.encode({**said, **changes}))
        with pytest.raises(state.Damaged, match=rule):
            store.find(key)

    @pytest.mark.parametrize("name", [RECORD, state.HEADER, state.TENSORS])
    @pytest.mark.parametrize("gone", [True, False])
    def test_damage_is_found_by_the_store_and_by_verify(
        self, job, made, tmp_path, name, gone
    ):
        """A missing file and a changed byte, in each file of a product."""
        results = Store.open(tmp_path, create=True)
        assert list(verify(results.storage, again_s=0.0)) == []
        store, key = StageStore(Path(job.stages)), keys(made)["gan"]
        path = store.path(key) / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink() if gone else path.write_bytes(content)
        with pytest.raises(state.Damaged):
            store.find(key)
        (found,) = verify(results.storage, again_s=0.0)
        assert found.path == f"stages/{key.digest}/{name}"
        assert "trains it again" in found.remedy

    def test_verify_counts_the_files_of_products(self, made, tmp_path):
        """Three files a product, two products; claims and folders aside are none."""
        assert made.lane.finished
        (tmp_path / "stages" / ".making-1").mkdir()
        (tmp_path / "stages" / ".making-1" / "lane.json").write_text("x")
        seen = []
        results = Store.open(tmp_path, create=True)
        assert not list(verify(results.storage, seen=lambda *said: seen.append(said)))
        names = {path for kind, path, _ in seen if kind == "pre-trainings"}
        assert len(names) == 6


class TestNotes:
    def test_are_read_as_they_were_written(self):
        """Both kinds come back; any other sentence is none."""
        for note in (
            StageNote(stage="vae", short="3f2a91c0"),
            StageNote(stage="gan", short="00000000", payer="first/t-00001"),
        ):
            assert stage_notes.read(note.sentence) == note
        assert StageNote(stage="vae", short="3f2a91c0", payer="t-00001").sentence == (
            "vae 3f2a91c0: reused, trained by t-00001"
        )
        assert stage_notes.read("warm_up 3f2a91c0: trained here") is None
        assert stage_notes.read("") is None

    def test_are_counted_once_a_trial(self):
        """Two trials, one of them told twice, one sentence of another kind."""
        here, there = "vae 3f2a91c0: trained here", "vae 3f2a91c0: reused, trained by a"
        events = [("a", here), ("a", here), ("b", there), ("c", there), ("c", "hung")]
        assert stage_notes.counts(events) == (1, 2)


def test_a_product_is_that_of_the_report(job):
    """Terms and health figures of the last epoch are in it."""
    bank = process_bank.bank(job.data, "cpu")
    lane = bank.lane(job.config)
    report = EpochReport(
        stage="vae",
        epoch=2,
        epochs=2,
        terms={"kl": 1.0},
        health={"active_units": 3.0},
        seconds=0.0,
    )
    found = stage_keys.product(lane, report)
    assert found.recent == ({"kl": 1.0, "active_units": 3.0},)
    assert (found.stage, found.epoch, found.terms) == ("vae", 2, {"kl": 1.0})
