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
- An exception in `stop_trial` is logged and turned into a failure of the trial;
  elsewhere its text is wrapped in a `TuneError`. One of the policy's must end
  the search as what it was: it is kept, and `run_tune` raises it.
- Tune's handlers of SIGINT and SIGUSR1 stay after a search (tune.py,
  `_setup_signal_catching`), so they are put back.
- `ray.init` asks an address where nothing listens for a quarter of an hour, with
  warnings (`_private/node.py`, `_init_gcs_client`), and `auto` may be one: the
  file that names it outlives its cluster. So the port is tried first. Only
  `_private/services.py` says what `auto` means.
- `Tuner` pickles searcher and scheduler into `tuner.pkl`. Nothing is restored
  from it, so both are pickled empty.
"""

import contextlib
import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray._private import services
from ray.exceptions import RayError
from ray.tune import schedulers, search
from ray.tune.error import TuneError

from harness.policy import Policy
from harness.scheduler import Decision


QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
}
"""Settings without which Ray prints, logs to files of its own or moves the
working directory of a trial."""

LEVELS = {
    "ray": logging.CRITICAL,
    "ray.tune.execution.insufficient_resources_manager": logging.WARNING,
}
"""Log levels under which only what a user can act on is shown."""

REACH_S = 5.0
"""How long a cluster's port may take to answer."""

EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt)(:|$)")
"""How the line of a traceback starts that names the exception."""


class _Shared:
    """What searcher and scheduler share; pickled empty."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
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
        if trial.status == "ERROR":  # about to be queued again
            with self._shared.guard():
                self._shared.policy.retried(trial.config["trial"], _message(trial))
        else:
            self._crashed(trial, _message(trial))

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

    Returns:
        Names of the trials without an end: none, unless SIGINT or SIGUSR1 came.
        The first one ends the search after the event in hand; a second SIGINT is
        a KeyboardInterrupt.

    Raises:
        ValueError: If `slots` is below 1 or `name` is a path.
        Exception: Whatever the policy raised; nothing else is run then.
    """
    if not slots >= 1:
        raise ValueError(f"`slots` must be 1 or more, got {slots}.")
    if Path(name).name != name:
        raise ValueError(f"`name` must be one folder's name, got {name!r}.")
    shared = _Shared(policy)
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
            with _signals_put_back():
                tuner.fit()
        except TuneError:  # carries the policy's exception as text only
            shared.raise_kept()
            raise
    shared.raise_kept()
    return tuple(shared.open)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Ray without its messages: environment and log levels, put back after.

    What a user can act on still shows: that resources for a trial are lacking.
    """
    before = {key: os.environ.get(key) for key in QUIET}
    levels = {key: logging.getLogger(key).level for key in LEVELS}
    os.environ.update(QUIET)
    for key, level in LEVELS.items():
        logging.getLogger(key).setLevel(level)
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})
        for key, level in levels.items():
            logging.getLogger(key).setLevel(level)


@contextlib.contextmanager
def cluster(address: str | None = None, cpus: int | None = None) -> Iterator[None]:
    """A connection to Ray, closed after; silent.

    Args:
        address: Where a cluster runs, `auto` to find it; None or `local` starts
            a local one, which ends with the connection.
        cpus: Cores of a local one; None takes all.

    Raises:
        ValueError: If no cluster answers there, or it refuses us.
    """
    with quietly():
        if address in (None, "local"):
            _init(address="local", num_cpus=cpus, include_dashboard=False)
        else:
            _join(address)
        try:
            yield
        finally:
            ray.shutdown()


def _join(address: str) -> None:
    """Connects to a cluster that is there.

    Raises:
        ValueError: If none answers, or it refuses us.
    """
    rule = "`address` must be auto or the HOST:PORT of a Ray cluster"
    try:
        found = services.canonicalize_bootstrap_address_or_die(address)
        host, _, port = found.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
    except (ConnectionError, OSError, ValueError) as error:
        raise ValueError(f"{rule}; none answers at {address!r}: {error}") from error
    try:
        _init(address=address)
    except (ConnectionError, RuntimeError, RayError) as error:
        raise ValueError(
            f"{rule} that takes us; the one at {found} does not (same versions? "
            f"RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH as it has them?): {error}"
        ) from error


def _init(**where: Any) -> None:
    ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **where)


@contextlib.contextmanager
def _signals_put_back() -> Iterator[None]:
    """Undoes Tune's signal handlers, which would swallow a later Ctrl+C."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Tune sets none there
        return
    before = {key: signal.getsignal(key) for key in (signal.SIGINT, signal.SIGUSR1)}
    try:
        yield
    finally:
        for key, handler in before.items():
            signal.signal(key, handler)


def _name(trial: Any) -> str:
    return trial.config["trial"]


def _message(trial: Any) -> str:
    """One line that says what a trial failed of: the last exception of its log.

    Ray keeps the exception as a pickle too, which is left alone.
    """
    path = trial.error_file and Path(trial.error_file)
    lines = path.read_text("utf-8").split("\n") if path and path.exists() else []
    named = [line.strip() for line in lines if EXCEPTION.match(line.strip())]
    said = named or [line.strip() for line in lines if line.strip()]
    return said[-1] if said else "The trial failed and left no message."
