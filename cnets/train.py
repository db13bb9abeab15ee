"""One run from its configuration to its last epoch, without a scheduler."""

import math
from collections.abc import Iterator

from cnets.bank import Bank, EpochReport
from cnets.config import TrainConfig
from cnets.lanes import Lane


OBJECTIVE = "mean_joint_error_mm"
"""The validation figure that runs are compared by."""


class Diverged(ValueError):
    """A run whose losses or objective are no numbers any more."""


def train(bank: Bank, lane: Lane | TrainConfig) -> Iterator[EpochReport]:
    """Train one lane to its end.

    Args:
        bank: The data and the device.
        lane: A configuration to start from, or a lane to go on with; it is
            changed in place.

    Yields:
        One report an epoch, of every stage.

    Raises:
        Diverged: After the report of an epoch with a number that is not finite.
    """
    if isinstance(lane, TrainConfig):
        lane = bank.lane(lane)
    while not lane.finished:
        (report,) = bank.advance([lane])
        yield report
        wrong = not_finite(report)
        if wrong:
            raise Diverged(
                f"`{wrong}` is not finite after epoch {report.epoch} of {report.stage}."
            )


def not_finite(report: EpochReport) -> str | None:
    """Name of the first figure of a report that is no finite number."""
    figures = report.terms | report.metrics
    return next((n for n, v in figures.items() if not math.isfinite(v)), None)
