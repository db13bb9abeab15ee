"""Which trial is better: one rule for tables, for what is shown and for what is kept.

The lowest last error wins, among the trials that came at least half as far as the one
that came furthest: an error after few epochs says little about one after many. Of
equals the one proposed first wins.
"""

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar


SOUND = ("completed", "running", "paused", "stopped", "cancelled")
"""States of trials that may be among the best."""

Standing = tuple[int, float, int]
"""Its epoch, error and number."""

Name = TypeVar("Name", bound=Hashable)

FAR_SHARE = 0.5
"""Share of the epochs of the furthest that a trial must have come."""


def standing(
    state: str, epoch: int | None, objective_mm: float | None, number: int
) -> Standing | None:
    """What decides how good a trial is; None for one that is never among the best.

    Args:
        state: Its state.
        epoch: Its last epoch.
        objective_mm: The objective there.
        number: Its place in the order of proposals.
    """
    value = math.nan if objective_mm is None else objective_mm
    if state not in SOUND or not math.isfinite(value):
        return None
    return epoch or 0, value, number


def best(standings: Mapping[Name, Standing | None], top: int) -> list[Name]:
    """The best trials, in order: those that came half as far as the furthest.

    Args:
        standings: How good each is, by its name; numbers differ or names compare.
        top: How many, 0 or more.
    """
    found = {name: s for name, s in standings.items() if s is not None}
    furthest = max((epoch for epoch, _, _ in found.values()), default=0)
    far = [name for name, (epoch, _, _) in found.items() if is_far(epoch, furthest)]
    return sorted(far, key=lambda name: (found[name][1:], name))[:top]


def is_far(epoch: int, furthest: int) -> bool:
    """Whether a trial came far enough to be among the best.

    Args:
        epoch: Its last epoch.
        furthest: That of the trial that came furthest.
    """
    return epoch >= FAR_SHARE * furthest
