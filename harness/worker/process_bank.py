"""The bank of this process: the data of a search, opened once for all its trials."""

from functools import lru_cache
from pathlib import Path

from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from cnets.training.bank import Bank
from harness.definition.data_choice import DataChoice
from harness.worker import watchdog


@lru_cache(maxsize=2)
def bank(choice: DataChoice, device: str, rows: int | None = None) -> Bank:
    """The data of a search, opened once in a process and used by all its trials.

    Args:
        choice: The data.
        device: Where runs train.
        rows: Rows of every stack; None stacks what comes.
    """
    data = open_data(
        choice.spec,
        side_px=choice.side_px,
        split=choice.split,
        unlabelled=choice.unlabelled,
        poses_file=choice.poses,
        cache=Path(choice.cache),
        progress=lambda *_: watchdog.PROCESS.beat(),
    )
    return Bank(data, device, width=rows)


def same_data(choice: DataChoice, fingerprint: str, device: str = "cpu") -> HandData:
    """The data of a search; those that are not the same any more are refused.

    Raises:
        ValueError: If labels, split or settings have changed since.
    """
    data = bank(choice, device).data
    if data.fingerprint != fingerprint:
        raise ValueError(
            f"`data` must be what the search ran on, and {choice.spec} has changed."
        )
    return data
