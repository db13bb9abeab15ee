"""Searches that Ray Tune runs from the first proposal to the last end."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from harness.cluster import tune_run


pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]


class TestRunTune:
    def test_two_slots(self, tmp_path, countdown):
        """Two trials are under way before either reports, and processes are reused."""
        policy = countdown.Remember([countdown.values(tmp_path) for _ in range(4)])
        countdown.run(policy, tmp_path, slots=2)
        assert policy.asked >= 5  # again and again, while one is open
        assert policy.asked_before_the_first_report == 2
        assert len(policy.pids) <= 2
        assert Counter(policy.ended.values()) == {"completed": 4}
        assert all(count == 1 for count in Counter(policy.told).values())

    def test_interrupted(self, tmp_path, countdown):
        """After Ctrl+C the trials under way are named."""
        policy = countdown.Remember(
            [countdown.values(tmp_path)] * 4, interrupted_at=("t-00002", 1)
        )
        assert countdown.run(policy, tmp_path) == ("t-00002",)
        assert policy.asked == 2

    def test_no_checkpoints(self, tmp_path, countdown):
        """Without checkpoints of Tune a retry starts at step 1 again."""
        policy = countdown.Remember([countdown.values(tmp_path, crashes=1)])
        countdown.run(policy, tmp_path)
        steps = [what for _, what in policy.told if isinstance(what, int)]
        assert steps == [1, 2, 1, 2, 3, 4]
        assert not list((tmp_path / "tune").rglob("checkpoint_*"))

    def test_refuses(self, tmp_path, countdown):
        """No slots and a name that leaves the folder are refused."""
        policy = countdown.Remember([])
        with pytest.raises(ValueError, match="`slots` must be 1 or more, got 0"):
            countdown.run(policy, tmp_path, slots=0)
        with pytest.raises(ValueError, match="`name` must be one folder's name"):
            tune_run.run_tune(
                countdown.Countdown,
                policy,
                slots=1,
                resources={"cpu": 1},
                storage_path=tmp_path,
                name="../out",
                max_failures=0,
            )


@pytest.mark.slow
def test_silent(tmp_path, countdown):
    """A search with a crash prints nothing, from connection to end."""
    child = subprocess.run(
        [sys.executable, countdown.__file__, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")
    assert list(tmp_path.glob("tune/t-00001/error.txt"))
