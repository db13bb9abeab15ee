"""Tune's loop where it was changed: a worker that the memory monitor ends."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from ray.air.execution import FixedResourceManager, ResourceRequest
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.execution import tune_controller

from harness.cluster import tune_loop


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")  # Ray would start one by itself, and leave it
class TestActorManager:
    """What is private in Ray and relied on; a new version that changes it fails here."""

    def told(self, kind) -> list[Exception]:
        """What a manager tells of a task whose worker the memory monitor has ended."""
        manager = kind(FixedResourceManager({"CPU": 1}))
        told: list[Exception] = []
        actor = manager.add_actor(
            object,
            kwargs={},
            resource_request=ResourceRequest([{"CPU": 1}]),
            on_error=lambda _, error: told.append(error),
        )
        manager._cleanup_actor = lambda **_: None  # no process was started
        task = SimpleNamespace(_tracked_actor=actor, _on_error=None)
        manager._actor_task_failed(task, OutOfMemoryError("low on memory"))
        return told

    def test_rays_own_ends_the_search(self):
        """As long as it does, ours is needed."""
        with pytest.raises(RuntimeError, match="Caught unexpected exception"):
            self.told(tune_loop.RayActorManager)

    def test_ours_says_that_the_actor_has_died(self):
        """The words of Ray are kept, as they tell what has happened."""
        (error,) = self.told(tune_loop._ActorManager)
        assert isinstance(error, RayActorError)
        assert "low on memory" in str(error)

    def test_it_is_in_tune_while_a_search_runs(self):
        """Under the name that Tune's controller looks up, and taken out again."""
        theirs = tune_controller.RayActorManager
        assert theirs is tune_loop.RayActorManager
        assert (
            "RayActorManager"
            in tune_controller.TuneController.__init__.__code__.co_names
        )
        with pytest.raises(ZeroDivisionError), tune_loop.own_loop():  # noqa: PT012
            assert tune_controller.RayActorManager is tune_loop._ActorManager
            raise ZeroDivisionError
        assert tune_controller.RayActorManager is theirs


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize(
    "check_ms",
    [
        pytest.param(200, id="at the start"),
        pytest.param(
            8000,
            id="in a step",
            marks=pytest.mark.skipif(
                "CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it"
            ),
        ),
    ],
)
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
