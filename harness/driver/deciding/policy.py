"""What decides a search, as the code that runs trials sees it.

Ray Tune drives a policy through `harness.cluster.tune_adapters`; a simulated clock can do the
same without Ray.
"""

import abc
from collections.abc import Mapping
from typing import Any

from harness.definition.trial import Decision, Proposal


class Policy(abc.ABC):
    """What decides a search; called from one thread, one call at a time."""

    @abc.abstractmethod
    def propose(self) -> Proposal | None:
        """The next trial to run; None when there is none now."""

    @abc.abstractmethod
    def report(self, trial: str, result: Mapping[str, Any]) -> Decision:
        """What happens after a result.

        Args:
            trial: Name of the trial.
            result: What the trainable's `step` returned, with Tune's own
                entries: `report`, and in `before` the reports of shorter epochs
                that came along with it.
        """

    @abc.abstractmethod
    def retried(self, trial: str, message: str) -> bool:
        """A trial failed and starts again from its last checkpoint, if that is wished.

        Returns:
            Whether it starts again.
        """

    @abc.abstractmethod
    def crashed(self, trial: str, message: str) -> None:
        """A trial failed for the last time."""
