"""The class that Ray Tune runs: thin, because a `Runner` does the work."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ray import tune

from harness import memory, watchdog
from harness.job import Job, Plan, Report, failed
from harness.runner import Runner


class Trial(tune.Trainable):
    """One trial in a worker; its configuration is a proposal."""

    def setup(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, config: dict[str, Any], *, runner: type[Runner], plan: Plan
    ) -> None:
        """Keep what all trials of the search share.

        Args:
            config: The fields of a `Proposal`.
            runner: What trains a job.
            plan: What the jobs have in common.
        """
        self._kind, self._plan = runner, plan
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial into the same process.

        Nothing is opened yet: Tune retries what fails in `step`, not here.
        """
        self._proposal = new_config
        self._runner: Runner | None = None
        return True

    def step(self) -> dict[str, Any]:
        """Run one epoch under the watchdog; `report` holds what it did."""
        job = self._plan.job(self._proposal["trial"], self._proposal["values"])
        folder = Path(job.checkpoints)
        hung = watchdog.taken(folder) if self._runner is None else None
        watchdog.PROCESS.busy(folder, job.hang_after_s)
        try:
            report = self._advanced(job)
        finally:
            watchdog.PROCESS.idle()
        if hung is not None:  # its driver died before it could record it
            report = replace(report, restored=(f"{hung}.", *report.restored))
        return {"report": report}

    def _advanced(self, job: Job) -> Report:
        """The next epoch, or the failure of a run that needs too much memory."""
        try:
            if self._runner is None:
                self._runner = self._kind(job)
            return self._runner.advance()
        except Exception as error:
            shortage = memory.shortage(error)
            if shortage is None:
                raise
        self._runner = None
        memory.give_back()  # here: in the clause above its frames are still held
        return failed(f"{shortage}, {watchdog.PROCESS.where}.")

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: a runner publishes its own checkpoints."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing: a runner finds its own checkpoint when it is made."""
