"""One run from its configuration to its last epoch, without a scheduler."""

from collections.abc import Iterator

from cnets.config import TrainConfig
from cnets.training.bank import Bank
from cnets.training.epoch_report import EpochReport
from cnets.training.lanes.lane import Lane


OBJECTIVE = "mean_joint_error_mm"
"""The validation figure that runs are compared by."""


class Diverged(ValueError):
    """A run whose losses or objective are no numbers any more."""


def train(bank: Bank, lane: Lane | TrainConfig) -> Iterator[EpochReport]:
    """Train one lane to its end.

    A collapse does not end it: what was asked for may be a run without a
    generator. Whoever takes the reports finds it in `EpochReport.finding`.

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
        found = report.finding
        if found is not None and found.state == "diverged":
            raise Diverged(
                f"`{found.figure}` is not finite after epoch {report.epoch} of "
                f"{report.stage}."
            )
