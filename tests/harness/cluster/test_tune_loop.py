"""Tune's loop where it was changed: workers that start, and one that the memory monitor ends."""

import json
import os
import re
import subprocess
import sys

import pytest


pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]


class TestWorkers:
    def test_every_worker_that_begins_is_used(self, tmp_path, countdown):
        """Trials shorter than a worker's start do not end those that are starting."""
        policy = countdown.Remember(
            [countdown.values(tmp_path, pause_s=0.1) for _ in range(16)]
        )
        assert (
            countdown.run(policy, tmp_path, slots=2, trainable=countdown.SlowStart)
            == ()
        )
        assert len(list(tmp_path.glob("began-*"))) == 2
        assert len(policy.pids) == 2


@pytest.mark.slow
@pytest.mark.parametrize("check_ms", [200, 8000], ids=["at the start", "in a step"])
def test_a_worker_that_the_memory_monitor_ends(tmp_path, check_ms, countdown):
    """The trial is not tried again, the search goes on, and nothing is printed.

    The monitor's limit is one that is passed whatever the machine does.
    """
    child = subprocess.run(
        [sys.executable, countdown.__file__, str(tmp_path), "memory"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "RAY_memory_usage_threshold": "0.001",
            "RAY_memory_monitor_refresh_ms": str(check_ms),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")
    outcome = json.loads((tmp_path / "told.json").read_text())
    assert [line for line in outcome["told"] if "retried" in str(line)] == []
    assert list(outcome["ended"]) == ["t-00001", "t-00002"]
    for reason in outcome["ended"].values():
        assert re.fullmatch(r"crashed: out of memory: \S+ of \S+ of the .*", reason)
