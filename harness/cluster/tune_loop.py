"""Tune's own loop, changed where it would end a search.

What was found in ray 2.60 (`ray/air/execution/_internal/actor_manager.py`): a
worker that Ray's memory monitor ends in a step would end the search, as the actor
manager does not know its error. It is translated here. There is no public way to
put in another actor manager, so a private class is replaced while a search runs.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import RayActorError, RayTaskError
from ray.tune.execution import tune_controller


class _ActorManager(RayActorManager):
    """Takes every loss of a worker for the death of an actor, as it is."""

    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        if not isinstance(exception, RayActorError | RayTaskError):
            exception = RayActorError(error_msg=str(exception))
        super()._actor_task_failed(tracked_actor_task, exception)


@contextlib.contextmanager
def own_loop() -> Iterator[None]:
    """Puts the class above into Tune; a search then outlives the end of a worker."""
    controller: Any = tune_controller
    controller.RayActorManager = _ActorManager
    try:
        yield
    finally:
        controller.RayActorManager = RayActorManager
