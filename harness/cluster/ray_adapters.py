"""Our policy on Ray Tune's interfaces; no Ray type leaves this file.

Tune asks a `Searcher` for trials and a `TrialScheduler` what to do after each
result. Both are thin here and share one `Policy`, which knows nothing of Ray
and is told every fact exactly once. What was found in ray 2.60 and is relied
on (file and function in `ray/tune`):

- A result with `done` set skips the scheduler's `on_trial_result` and goes
  straight to `on_trial_complete` (execution/tune_controller.py,
  `_process_trial_result`, `stop_trial`), so both report here.
- The searcher is told of a result only when the trial goes on, so results go
  to the policy through the scheduler alone.
- The scheduler's `on_trial_error` is called for every failure, retried or not
  (`_process_trial_failure`, `_requeue_trial`); in the retried ones the trial's
  status is already ERROR. The searcher hears of the last failure only.
- A retry is refused by stopping the trial when it is added again.
- A worker that Ray's memory monitor ends in a step would end the search: the actor
  manager (air/execution/_internal) does not know its error, so it is translated.
- An exception in `stop_trial` is logged and turned into a failure of the trial;
  elsewhere its text is wrapped in a `TuneError`. One of the policy's must end
  the search as what it was: it is kept, and `run_tune` raises it.
- `Tuner` pickles searcher and scheduler into `tuner.pkl`. Nothing is restored
  from it, so both are pickled empty.
- A trial that waits for a worker of its own takes the first one that gets free, and
  its own, which has begun to start, is ended (`_maybe_reuse_cached_actor`). Where
  trials are shorter than the start of a worker every trial began and ended one, and
  the second slot was never used; the more slots, the more of them at once.
- Every turn of the loop looks through all trials for one to run, twice
  (`FIFOScheduler.choose_trial_to_run`), and every ten seconds all of them are
  written to `experiment_state-*.json`. Nothing here needs either.
- Every new trial asks the cluster three times which class its trainable is
  (experiment/trial.py), which is the same for all of a search.
"""

import contextlib
import functools
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import RayActorError, RayTaskError
from ray.tune import schedulers, search
from ray.tune.error import TuneError
from ray.tune.execution import tune_controller

from harness.cluster.connection import quietly, signals_put_back
from harness.driver.policy import Policy
from harness.driver.scheduler import Decision
from harness.worker import failures


START_S = 10.0
"""How long a trial waits for room for a worker of its own before it takes another's."""


class _Shared:
    """What searcher and scheduler share; pickled empty."""

    def __init__(self, policy: Policy, notes: str | Path | None = None) -> None:
        self.policy, self.notes = policy, notes
        self.open: dict[str, None] = {}  # names of trials without an end, in order
        self.failure: Exception | None = None

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Keeps the policy's exception, which Tune would hide; then asks no more."""
        self.raise_kept()
        try:
            yield
        except Exception as error:
            self.failure = error
            raise

    def raise_kept(self) -> None:
        """Raises what was kept, if anything was."""
        if self.failure is not None:
            raise self.failure

    def __getstate__(self) -> dict[str, Any]:
        return {}


class PolicySearcher(search.Searcher):
    """Gives Tune the policy's proposals."""

    def __init__(self, shared: _Shared) -> None:
        """Proposes what the shared policy proposes."""
        super().__init__()
        self._shared = shared

    def suggest(self, trial_id: str) -> Any:  # noqa: ARG002
        """The next proposal as the trainable's configuration, or FINISHED.

        Tune's `trial_id` is random and cannot be chosen; the name of the
        trial travels in the configuration.
        """
        with self._shared.guard():
            proposal = self._shared.policy.propose()
        if proposal is None:
            return search.Searcher.FINISHED
        self._shared.open[proposal.trial] = None
        return {**vars(proposal), "values": dict(proposal.values)}

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,
        error: bool = False,
    ) -> None:
        """Nothing: the scheduler has told the policy."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the log is the truth."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the log is the truth."""


class PolicyScheduler(schedulers.FIFOScheduler):
    """Tells the policy every result and failure, and obeys its decisions."""

    def __init__(self, shared: _Shared) -> None:
        """Decides what the shared policy decides."""
        super().__init__()
        self._shared = shared
        # Tune's trial id -> iteration of the last result that was reported.
        self._reported: dict[str, int] = {}
        self._refused: set[str] = set()  # Tune's ids of trials not to be tried again

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """None: Tune then takes those that wait in the order they were proposed."""

    def on_trial_result(
        self,
        tune_controller: Any,  # noqa: ARG002
        trial: Any,
        result: dict[str, Any],
    ) -> str:
        """CONTINUE or STOP, as the policy says."""
        decision = self._report(trial, result)
        actions = schedulers.TrialScheduler
        return actions.STOP if decision.action == "stop" else actions.CONTINUE

    def on_trial_complete(
        self,
        tune_controller: Any,  # noqa: ARG002
        trial: Any,
        result: dict[str, Any],
    ) -> None:
        """Reports a last result that has `done` set; others are known."""
        if self._reported.get(trial.trial_id) != result.get("training_iteration"):
            decision = self._report(trial, result)
            if decision.action == "continue":
                self._crashed(trial, "The trial ended before it was told to stop.")
        self._reported.pop(trial.trial_id, None)

    def on_trial_error(
        self,
        tune_controller: Any,  # noqa: ARG002
        trial: Any,
    ) -> None:
        """Tells the policy of a failure, and whether it is the last one."""
        self._reported.pop(trial.trial_id, None)
        message, for_good = failures.read(
            trial.error_file, trial.config["trial"], self._shared.notes
        )
        if trial.status == "ERROR" and not for_good:  # about to be queued again
            with self._shared.guard():
                self._shared.policy.retried(trial.config["trial"], message)
            return
        if trial.status == "ERROR":
            self._refused.add(trial.trial_id)
        self._crashed(trial, message)

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Stops a trial that has ended and that Tune would try again."""
        if trial.trial_id in self._refused:
            self._refused.discard(trial.trial_id)
            with contextlib.redirect_stdout(None):  # Tune says so without a result
                tune_controller.stop_trial(trial)

    def _report(self, trial: Any, result: Mapping[str, Any]) -> Decision:
        name = trial.config["trial"]
        with self._shared.guard():
            decision = self._shared.policy.report(name, result)
        self._reported[trial.trial_id] = result["training_iteration"]
        if decision.action == "stop":
            self._shared.open.pop(name, None)
        return decision

    def _crashed(self, trial: Any, message: str) -> None:
        name = trial.config["trial"]
        with self._shared.guard():
            self._shared.policy.crashed(name, message)
        self._shared.open.pop(name, None)


def run_tune(
    trainable: type[tune.Trainable],
    policy: Policy,
    *,
    slots: int,
    resources: Mapping[str, float],
    storage_path: str | Path,
    name: str,
    max_failures: int,
    checkpoint_every: int = 0,
    callbacks: Sequence[tune.Callback] = (),
    notes: str | Path | None = None,
) -> tuple[str, ...]:
    """Runs trials until the policy has no more; Ray must be connected.

    The trainable gets the fields of a `Proposal` as its configuration, as a
    dict. It must not set `done` (the policy says when a trial is complete), its
    `reset_config` must return True and do nothing that can fail: Tune retries
    failures of `setup`, `step` and `load_checkpoint`, but not of `reset_config`.

    Args:
        trainable: What runs a trial; constants go in with
            `tune.with_parameters`.
        policy: What decides.
        slots: Most trials at once.
        resources: What one trial occupies, such as `{"cpu": 1}`.
        storage_path: Folder for Tune's own state and checkpoints.
        name: Folder below it, one level.
        max_failures: How often a trial that fails starts again.
        checkpoint_every: Results between checkpoints of Tune; 0 is never, for
            a trainable that finds its own.
        callbacks: Tune's callbacks; they are pickled, so none may hold a lock.
        notes: Folder of the trials' folders, in which the watchdog leaves notes.

    Returns:
        Names of the trials without an end: none, unless a KeyboardInterrupt or
        SIGUSR1 ended the search. Their workers end with the connection to Ray.

    Raises:
        ValueError: If `slots` is below 1 or `name` is a path.
        Exception: Whatever the policy raised; nothing else is run then.
    """
    if not slots >= 1:
        raise ValueError(f"`slots` must be 1 or more, got {slots}.")
    if Path(name).name != name:
        raise ValueError(f"`name` must be one folder's name, got {name!r}.")
    shared = _Shared(policy, notes)
    with quietly():
        tuner = tune.Tuner(
            tune.with_resources(trainable, dict(resources)),
            tune_config=tune.TuneConfig(
                search_alg=PolicySearcher(shared),
                scheduler=PolicyScheduler(shared),
                num_samples=-1,
                max_concurrent_trials=slots,
                reuse_actors=True,
                trial_name_creator=_name,
                trial_dirname_creator=_name,
            ),
            run_config=tune.RunConfig(
                name=name,
                storage_path=str(storage_path),
                failure_config=tune.FailureConfig(max_failures=max_failures),
                checkpoint_config=tune.CheckpointConfig(
                    checkpoint_frequency=checkpoint_every, checkpoint_at_end=False
                ),
                callbacks=list(callbacks),
                verbose=0,
            ),
        )
        try:
            with signals_put_back(), _own_loop():
                tuner.fit()
        except KeyboardInterrupt:  # Tune's own way waits for the epochs under way
            shared.raise_kept()
        except TuneError:  # carries the policy's exception as text only
            shared.raise_kept()
            raise
    shared.raise_kept()
    return tuple(shared.open)


def _name(trial: Any) -> str:
    return trial.config["trial"]


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
def _own_loop() -> Iterator[None]:
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
