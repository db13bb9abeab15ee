"""What training takes on this machine: a probe of some seconds.

What a search takes is counted from it in `plan.py`.
"""

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.data.splits import UNUSED
from cnets.training import schedule
from cnets.training.bank import Bank
from cnets.training.sharing import stage_keys


PROBE_FRAMES = 32
"""Validation frames of the probe; the others are counted."""

PROBE_S, PROBE_UPDATES = 2.0, 20
"""Least seconds that a stage's probe may take, and most updates of it."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What training takes on this machine."""

    update_s: Mapping[str, float]
    """Seconds an update, by stage."""
    frame_s: float
    """Seconds a validation frame."""


def measure(data: HandData, config: TrainConfig, device: str) -> Speed:
    """Seconds an update of each stage and a validation frame, measured here.

    Args:
        data: The data of the search; a few validation frames are used.
        config: The base configuration.
        device: Where the search will train.
    """
    torch.set_num_threads(1)  # as the runner does
    split = data.split.copy()
    validation = data.rows("validation")
    split[validation[PROBE_FRAMES:]] = UNUSED
    bank = Bank(dataclasses.replace(data, split=split), device)
    rows = bank.data.rows("validation")
    lane = bank.lane(config)
    bank.judge.predict(lane, rows)
    start_s = time.monotonic()
    bank.judge.predict(lane, rows)
    bank.judge.health(lane)
    frame_s = (time.monotonic() - start_s) / max(1, len(rows))
    update_s = {
        stage: _update_s(bank, config, stage, frame_s * len(rows))
        for stage in schedule.STAGES
    }
    return Speed(update_s=update_s, frame_s=frame_s)


def _update_s(bank: Bank, config: TrainConfig, stage: str, judging_s: float) -> float:
    """Seconds an update: of one epoch that is as long as the probe has time for."""
    updates, seconds = 1, 0.0
    for _ in range(2):
        group = stage if stage in stage_keys.SHARED else "joint"
        short = {f"{group}.steps": updates, f"{group}.epochs": 10}
        lane = bank.lane(config.replace(short))
        lane.stage = stage
        (report,) = bank.advance([lane])
        judged = stage not in stage_keys.SHARED
        seconds = max(report.seconds - judged * judging_s, report.seconds / 10)
        seconds /= updates
        updates = int(np.clip(PROBE_S / seconds, 1, PROBE_UPDATES))
    return seconds
