"""The class that Ray Tune runs: thin, because a `Runner` does the work."""

from typing import Any

from ray import tune

from harness.job import Plan
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
        """Run one epoch; `report` holds what it did."""
        if self._runner is None:
            values = self._proposal["values"]
            self._runner = self._kind(self._plan.job(self._proposal["trial"], values))
        return {"report": self._runner.advance()}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: a runner publishes its own checkpoints."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing: a runner finds its own checkpoint when it is made."""
