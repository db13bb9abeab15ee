"""Frames that are the same as another one, to the byte or nearly."""

from collections import Counter

import numpy as np
from scipy.spatial import distance

from cnets.data.trust.looking import Look


SAME_MM = 0.5
"""Mean difference a seen pixel under which two frames are nearly the same."""


def identical(looks: list[Look]) -> int:
    """Frames whose file has the bytes of one before it."""
    return len(looks) - len(Counter(look.digest for look in looks))


def nearly(looks: list[Look]) -> int:
    """Frames that are nearly one before them, and not the same bytes.

    Such frames were written anew: scaled there and back, or copied as another kind.
    Two frames of a sensor differ by more, because of its noise. Frames in which
    nothing is seen are not compared.
    """
    first = {look.digest: look for look in reversed(looks)}
    grids = np.array([look.grid for look in first.values() if look.grid.any()])
    if len(grids) < 2:
        return 0
    seen = (grids > 0).astype(np.float32)
    either = seen.sum(1)[:, None] + seen.sum(1) - seen @ seen.T
    apart = distance.squareform(distance.pdist(grids, "cityblock")) / either
    return int((np.tril(apart < SAME_MM, -1)).any(1).sum())
