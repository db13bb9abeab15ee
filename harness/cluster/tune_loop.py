"""Tune's own loop, changed where it costs a search time or ends it.

What was found in ray 2.60 (file and function in `ray/tune`), and is put right here
by replacing private classes while a search runs:

- A worker that Ray's memory monitor ends in a step would end the search: the actor
  manager (air/execution/_internal) does not know its error, so it is translated.
- A trial that waits for a worker of its own takes the first one that gets free, and
  its own, which has begun to start, is ended (`_maybe_reuse_cached_actor`). Where
  trials are shorter than the start of a worker every trial began and ended one, and
  the second slot was never used; the more slots, the more of them at once.
- Every ten seconds all trials are written to `experiment_state-*.json`, which nothing
  here reads.
- Every new trial asks the cluster three times which class its trainable is
  (experiment/trial.py), which is the same for all of a search.
"""

import contextlib
import functools
import math
import sys
import time
from collections.abc import Iterator
from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import RayActorError, RayTaskError
from ray.tune.execution import tune_controller


START_S = 10.0
"""How long a trial waits for room for a worker of its own before it takes another's."""


class _ActorManager(RayActorManager):
    """Takes every loss of a worker for the death of an actor, as it is."""

    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        if not isinstance(exception, RayActorError | RayTaskError):
            exception = RayActorError(error_msg=str(exception))
        super()._actor_task_failed(tracked_actor_task, exception)


class _Controller(tune_controller.TuneController):
    """Tune's loop, which lets workers finish their start and saves its state once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Nothing has been asked for yet."""
        self._asked_s: dict[Any, float] = {}  # worker -> when it was asked for
        self._saved = False
        super().__init__(*args, **kwargs)

    def checkpoint(self, force: bool = False, wait: bool = False) -> None:
        """Only at the first turn and at the end: the log is the truth."""
        if force or not self._saved:
            super().checkpoint(force=True, wait=wait)

    def save_to_dir(self) -> None:
        """Once, as Tune wants to find a file."""
        if not self._saved:
            super().save_to_dir()
        self._saved = True

    def __getstate__(self) -> dict[str, Any]:
        return {n: v for n, v in super().__getstate__().items() if n != "_asked_s"}

    def _schedule_trial_actor(self, trial: Any) -> None:
        super()._schedule_trial_actor(trial)
        if (actor := self._trial_to_actor.get(trial)) is not None:
            self._asked_s.setdefault(actor, time.monotonic())

    def _actor_started(self, tracked_actor: Any, log: str = "STARTED") -> None:
        self._asked_s.pop(tracked_actor, None)
        super()._actor_started(tracked_actor, log)

    def _maybe_reuse_cached_actor(self, trial: Any) -> bool:
        """Leaves a trial to the worker that starts for it; others are reused."""
        own = self._trial_to_actor.get(trial)
        if own is not None and trial not in self._resetting_trials:
            waited_s = time.monotonic() - self._asked_s.get(own, -math.inf)
            if waited_s < START_S or self._actor_manager.is_actor_started(own):
                return False
            self._asked_s.pop(own, None)
        return super()._maybe_reuse_cached_actor(trial)


@contextlib.contextmanager
def own_loop() -> Iterator[None]:
    """Puts the two classes above into Tune, and looks the trainable up once.

    A search then outlives a worker that the memory monitor has ended.
    """
    controller: Any = tune_controller
    trial: Any = sys.modules["ray.tune.experiment.trial"]
    places: tuple[tuple[Any, str, Any], ...] = (
        (controller, "RayActorManager", _ActorManager),
        (sys.modules["ray.tune.tune"], "TuneController", _Controller),
        (trial, "get_trainable_cls", functools.cache(trial.get_trainable_cls)),
        (trial, "validate_trainable", functools.cache(trial.validate_trainable)),
    )
    before = [getattr(module, name) for module, name, _ in places]
    for module, name, ours in places:
        setattr(module, name, ours)
    try:
        yield
    finally:
        for (module, name, _), theirs in zip(places, before, strict=True):
            setattr(module, name, theirs)
