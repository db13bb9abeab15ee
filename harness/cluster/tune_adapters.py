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
- An exception in `stop_trial` is logged and turned into a failure of the trial;
  elsewhere its text is wrapped in a `TuneError`. One of the policy's must end
  the search as what it was: it is kept, and `run_tune` raises it.
- PAUSE makes Tune ask the worker for a checkpoint, and keeps the trial until it runs
  again. Our workers have stored the networks by the time they report
  (`worker/checkpoints.py`), so a trial that waits is stopped here: its worker is free
  at once, and when it is promoted another trial of Tune's goes on with it.
- `Tuner` pickles searcher and scheduler into `tuner.pkl`. Nothing is restored
  from it, so both are pickled empty.
- A trial that `choose_trial_to_run` names takes the first worker that gets free, and
  its own, which may have begun to start, is ended (`_maybe_reuse_cached_actor`). The
  FIFO scheduler names one at every turn: where trials are shorter than the start of
  a worker, each began and ended one, and the second slot was never used. If none is
  named, Tune gives the free worker to a new trial, and lets the others start.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ray.tune import schedulers, search

from harness.cluster.nodes import Nodes
from harness.definition.trial import Decision
from harness.diagnosis import logs
from harness.driver.deciding.policy import Policy
from harness.worker import failures


START_S = 60.0
"""How long a trial waits for a worker of its own before it takes another's: longer
than one starts, as there may be no room for it as long as the others have theirs."""

Shield = Callable[[], contextlib.AbstractContextManager[None]]
"""Gives a part of the program that no signal cuts off, as `Signals.shield` does."""


class Shared:
    """What searcher and scheduler share; pickled empty."""

    def __init__(
        self,
        policy: Policy,
        notes: str | Path | None = None,
        shield: Shield = contextlib.nullcontext,
        ready: Callable[[], None] = lambda: None,
        look: Callable[[], None] = lambda: None,
        nodes: Nodes | None = None,
        resources: Mapping[str, float] | None = None,
    ) -> None:
        """No trial is open yet.

        Args:
            policy: What decides.
            notes: Folder of the trials' folders, in which the watchdog leaves notes.
            shield: In which no call of the policy is cut off by a signal.
            ready: Returns when a new trial may be started.
            look: Called at every turn of the loop, for wishes from outside.
            nodes: Those that take part; None asks for none.
            resources: What one trial occupies.
        """
        self.policy, self.notes = policy, notes
        self.shield, self.ready, self.look = shield, ready, look
        self.nodes, self.resources = nodes, resources or {}
        self.open: dict[str, None] = {}  # names of trials without an end, in order
        self.failure: Exception | None = None

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """A call of the policy: to its end, whatever signal comes meanwhile.

        Its exception, which Tune would hide, is kept, and nothing is asked any more.
        """
        self.raise_kept()
        with self.shield():
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

    def __init__(self, shared: Shared) -> None:
        """Proposes what the shared policy proposes."""
        super().__init__()
        self._shared = shared

    def suggest(self, trial_id: str) -> Any:  # noqa: ARG002
        """The next proposal as the trainable's configuration, None or FINISHED.

        Tune never asks again after FINISHED, and more trials may be wished for as
        long as one is open. Its `trial_id` is random and cannot be chosen; the name
        of the trial travels in the configuration.
        """
        with self._shared.guard():
            self._shared.ready()
            self._shared.look()
            proposal = self._shared.policy.propose()
        if proposal is None:
            return None if self._shared.open else search.Searcher.FINISHED
        self._shared.open[proposal.trial] = None
        return {
            "trial": proposal.trial,
            "config": proposal.config,
            "reported": proposal.reported,
        }

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

    def __init__(self, shared: Shared) -> None:
        """Decides what the shared policy decides."""
        super().__init__()
        self._shared = shared
        # Tune's trial id -> iteration of the last result that was reported.
        self._reported: dict[str, int] = {}
        self._refused: set[str] = set()  # Tune's ids of trials not to be tried again
        self._waits_s: dict[Any, float] = {}  # trial -> when it was added, in order

    def choose_trial_to_run(
        self,
        tune_controller: Any,  # noqa: ARG002
    ) -> Any:
        """A trial that has waited for too long, or None: those that start go on.

        Tune asks at every turn of its loop, ten times a second if nothing happens.
        """
        with self._shared.guard():
            self._shared.look()
        for trial, added_s in self._waits_s.items():
            if trial.status == "PENDING":
                return trial if time.monotonic() - added_s > START_S else None
        return None

    def on_trial_result(
        self,
        tune_controller: Any,  # noqa: ARG002
        trial: Any,
        result: dict[str, Any],
    ) -> str:
        """CONTINUE or STOP, as the policy says; one that waits is stopped, too."""
        decision = self._report(trial, result)
        actions = schedulers.TrialScheduler
        goes_on = decision.action == "continue"
        return actions.CONTINUE if goes_on else actions.STOP

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
        self._waits_s.pop(trial, None)

    def on_trial_error(
        self,
        tune_controller: Any,  # noqa: ARG002
        trial: Any,
    ) -> None:
        """Tells the policy of a failure, and whether it is the last one."""
        self._reported.pop(trial.trial_id, None)
        self._waits_s.pop(trial, None)
        message, for_good = failures.read(
            trial.error_file, trial.config["trial"], self._shared.notes
        )
        if self._shared.nodes is not None:
            text = failures.newest(trial.error_file)
            message = self._shared.nodes.failed(trial.config["trial"], text, message)
        logs.LOGGER.warning("%s: %s", trial.config["trial"], message)
        if trial.status == "ERROR" and not for_good:  # about to be queued again
            with self._shared.guard():
                if self._shared.policy.retried(trial.config["trial"], message):
                    return
        if trial.status == "ERROR":
            self._refused.add(trial.trial_id)
        self._crashed(trial, message)

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Stops a trial that has ended and that Tune would try again."""
        if trial.trial_id not in self._refused:
            self._waits_s[trial] = time.monotonic()
            if self._shared.nodes is not None:
                name, resources = trial.config["trial"], self._shared.resources
                wanted = self._shared.nodes.request(name, resources)
                if wanted is not None:
                    trial.update_resources(wanted)
            return
        self._refused.discard(trial.trial_id)
        with contextlib.redirect_stdout(None):  # Tune says so without a result
            tune_controller.stop_trial(trial)

    def _report(self, trial: Any, result: Mapping[str, Any]) -> Decision:
        name = trial.config["trial"]
        with self._shared.guard():
            decision = self._shared.policy.report(name, result)
        self._reported[trial.trial_id] = result["training_iteration"]
        if self._shared.nodes is not None:
            self._shared.nodes.well(result["node_ip"])
        if decision.action != "continue":
            self._shared.open.pop(name, None)
        return decision

    def _crashed(self, trial: Any, message: str) -> None:
        name = trial.config["trial"]
        with self._shared.guard():
            self._shared.policy.crashed(name, message)
        self._shared.open.pop(name, None)
