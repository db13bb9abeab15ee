"""Claims on a pre-training: who has one, and when it is free."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.worker.stages import stage_claims
from harness.worker.train_runner import TrainRunner


TAKE = """
import sys, time
from pathlib import Path
from harness.worker.stages import stage_claims
claim = stage_claims.take(Path(sys.argv[1]), "s/t-00009")
print("taken" if claim else "busy", flush=True)
time.sleep(float(sys.argv[2]))
"""


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

    @pytest.mark.parametrize("skew_s", [-70.0, 0.0, 70.0])
    def test_of_another_machine_lives_by_its_beats(self, skew_s, tmp_path):
        """While its content changes it is respected, whatever the time of the file."""
        path, ago = tmp_path / "a.json", time.time() + skew_s
        record = json.dumps({"host": "elsewhere", "pid": 1, "owner": "s/far"})
        path.write_text(record)
        watch = stage_claims.Watch(path, 0.3)
        for beat in range(4):
            path.write_text(f"{record}\n{beat}")
            os.utime(path, (ago, ago))
            assert not watch.free()
            time.sleep(0.15)
        time.sleep(0.3)
        os.utime(path)  # a new time is no sign of life
        assert watch.free()
        assert not path.exists()

    def test_of_this_very_thread_is_nobodys(self, tmp_path):
        """Who waits here cannot be at work here; another thread can."""
        path = tmp_path / "a.json"
        claim = stage_claims.take(path, "s/one")
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(stage_claims.Watch(path, 60.0).free())
        )
        thread.start()
        thread.join()
        assert answers == [False]
        assert stage_claims.Watch(path, 60.0).free()
        assert claim is not None
        claim.release()

    def test_a_number_that_went_to_another_process_is_no_owner(self, tmp_path):
        """The same process number with another start is somebody else."""
        path = tmp_path / "a.json"
        claim = stage_claims.take(path, "s/one")
        record = json.loads(path.read_bytes().splitlines()[0])
        path.write_text(json.dumps({**record, "pid": 1}))
        assert stage_claims.Watch(path, 60.0).free()
        assert claim is not None

    def test_a_beat_is_seen_and_keeps_only_its_own_claim(self, tmp_path, monkeypatch):
        """It changes the content of the file; after a takeover it touches no other's."""
        monkeypatch.setattr(stage_claims, "BEAT_EVERY_S", 0.0)
        path = tmp_path / "a.json"
        claim = stage_claims.take(path, "s/one")
        assert claim is not None
        said, beats = path.read_bytes().splitlines()
        claim.beat()
        claim.beat()
        assert path.read_bytes().splitlines() == [said, b"%012d" % (int(beats) + 2)]
        path.unlink()
        path.write_text("{}")
        claim.beat()
        assert path.read_text() == "{}"
        claim.release()
        assert path.exists()

    def test_beats_are_few(self, tmp_path):
        """Many updates within a second write nothing."""
        path = tmp_path / "a.json"
        claim = stage_claims.take(path, "s/one")
        before = path.read_bytes()
        for _ in range(100):
            claim.beat()
        assert path.read_bytes() == before

    def test_the_training_loop_beats(self, job, monkeypatch):
        """An epoch changes the content of the claim, so that others see it at work."""
        monkeypatch.setattr(stage_claims, "BEAT_EVERY_S", 0.0)
        trained = TrainRunner(job)
        trained.advance()
        (claim,) = (Path(job.stages) / ".claims").iterdir()
        before = claim.read_bytes()
        trained._sharing.beat()
        assert claim.read_bytes() != before
        monkeypatch.setattr(trained._sharing, "leave", lambda *_: None)
        before = claim.read_bytes()
        trained.advance()
        assert claim.read_bytes() != before

    def test_a_run_that_is_dropped_frees_its_claim(self, job):
        """A worker that takes another trial holds nobody up."""
        dropped = TrainRunner(job)
        dropped.advance()
        claims = Path(job.stages) / ".claims"
        assert len(list(claims.iterdir())) == 1
        del dropped
        assert list(claims.iterdir()) == []
