"""How many lanes of a bank pay on a device: a short measurement.

Lanes are doubled while that trains at least a tenth more a second, or until memory
is short. Only updates of the joint stage count: two epochs of different length are
timed, and what both have in common, such as validation, falls out.
"""

import time

from cnets.config import TrainConfig
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane
from harness.worker import memory, watchdog


MOST = 64
"""Lanes at which the doubling ends."""

WORTH = 1.1
"""How many times as many updates a second twice the lanes must train."""

STEPS = (2, 8)
"""Updates of the two epochs."""


def probe(bank: Bank, config: TrainConfig) -> tuple[int, str]:
    """How many lanes pay, and a sentence that says what was measured.

    Args:
        bank: Where they train; of no fixed width.
        config: A run of the search; its numbers are not used up.
    """
    found: list[tuple[int, float]] = []
    ended, count = "no more were tried", 1
    while count <= MOST:
        try:
            rate = updates_per_s(bank, config, count)
        except Exception as error:
            shortage = memory.shortage(error)
            if shortage is None or not found:
                raise
            ended = f"{count} lanes: {shortage}"
            break
        finally:
            memory.give_back()
        if found and rate < WORTH * found[-1][1]:
            ended = f"{count} lanes: {rate:.1f}"
            break
        found.append((count, rate))
        count *= 2
    told = ", ".join(f"{lanes}: {rate:.1f}" for lanes, rate in found)
    best = found[-1][0]
    return best, f"{best} lanes a bank (updates/s by lanes: {told}; {ended})"


def updates_per_s(bank: Bank, config: TrainConfig, count: int) -> float:
    """Joint updates a second of so many lanes together."""
    lanes = [_joint(bank, config, seed) for seed in range(count)]
    took_s = []
    for steps in (STEPS[0], *STEPS):  # the first epoch warms up
        for lane in lanes:
            lane.config = config.replace({"joint.steps": steps})
            lane.epoch = 0
        start_s = time.perf_counter()
        bank.advance(lanes, watchdog.PROCESS.beat)
        took_s.append(time.perf_counter() - start_s)
    more_s = max(took_s[2] - took_s[1], 1e-9)
    return count * (STEPS[1] - STEPS[0]) / more_s


def _joint(bank: Bank, config: TrainConfig, seed: int) -> Lane:
    """A fresh lane at the joint stage."""
    lane = bank.lane(config.replace({"seed": seed, "joint.epochs": len(STEPS) + 2}))
    lane.stage = "joint"
    return lane
