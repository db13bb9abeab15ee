"""Which trial is better: one rule for tables, for what is shown and for what is kept.

Completed trials come first, by their error. Where none is completed, those take
their place that are running, stopped or cancelled: the deepest epoch first, then by
error. Of equals the one proposed first wins.
"""

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar


SOUND = ("completed", "running", "stopped", "cancelled")
"""States of trials that may be among the best."""

Standing = tuple[bool, int, float, int]
"""Whether it is not completed, its epoch where that counts, error and number: the
smaller one is better."""

Name = TypeVar("Name", bound=Hashable)


def standing(
    state: str, epoch: int | None, objective_mm: float | None, number: int
) -> Standing | None:
    """How good a trial is; None for one that is never among the best.

    Args:
        state: Its state.
        epoch: Its last epoch.
        objective_mm: The objective there.
        number: Its place in the order of proposals.
    """
    value = math.nan if objective_mm is None else objective_mm
    if state not in SOUND or not math.isfinite(value):
        return None
    unfinished = state != "completed"
    return unfinished, -(epoch or 0) if unfinished else 0, value, number


def best(standings: Mapping[Name, Standing | None], top: int) -> list[Name]:
    """The best trials, in order; where one is completed no other counts.

    Args:
        standings: How good each is, by its name; numbers differ or names compare.
        top: How many, 0 or more.
    """
    found = sorted((s, name) for name, s in standings.items() if s is not None)
    return [name for s, name in found if s[0] == found[0][0][0]][:top]
