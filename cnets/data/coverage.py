"""Which frames to label so that every other one is near a labelled one.

Frames are points in a space of depth features, and each choice is the frame farthest
from those chosen before it (farthest-point traversal). Only crops are looked at. The
first frames of a long choice are those of a short one.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int


SIDE_PX = 16
"""Side to which crops are averaged."""

COMPONENTS = 20
"""Principal components of those small crops that are kept, at most."""

STEPS = 1 << 16
"""Steps of the grid from the middle of the frames to the farthest one.

On a grid, sums of squares have no rounding errors, so a choice does not depend on the
machine's order of summation.
"""

ROWS_AT_ONCE = 4096
"""Crops that are averaged at once."""

Points = Float[np.ndarray, "frames components"]
"""Frames in the space of features: whole numbers, `STEPS` from the middle at most."""


def shown(
    crops: np.ndarray, rows: Int[np.ndarray, " frames"]
) -> Int[np.ndarray, " shown"]:
    """Those of some frames whose crops are not empty."""
    found = [rows[:0]]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        found.append(part[(crops[part] < 1).any((1, 2))])
    return np.concatenate(found)


def features(
    crops: np.ndarray, rows: Int[np.ndarray, " frames"]
) -> tuple[Points, float]:
    """Principal components of small crops.

    Args:
        crops: [all frames, side, side], in [-1, 1]; the side is a multiple of
            `SIDE_PX`, and the array may be memory-mapped.
        rows: The frames that are looked at.

    Returns:
        A point a frame, and how long one step is: a difference of 1 in every pixel is
        a distance of 1.
    """
    small = np.empty((len(rows), SIDE_PX * SIDE_PX))
    block = crops.shape[1] // SIDE_PX
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = crops[rows[start : start + ROWS_AT_ONCE]].astype(np.float64)
        tiles = part.reshape(len(part), SIDE_PX, block, SIDE_PX, block)
        small[start : start + len(part)] = tiles.mean((2, 4)).reshape(len(part), -1)
    small -= small.mean(0)
    _, axes = np.linalg.eigh(small.T @ small)  # the largest is the last
    points = small @ axes[:, -COMPONENTS:]
    farthest = np.sqrt(np.square(points).sum(1).max(initial=0.0))
    step = farthest / STEPS or 1.0  # frames that are all the same
    return np.rint(points / step), step / SIDE_PX


def traversal(
    points: Points, count: int, *, chosen: Sequence[int] = (), seed: int = 0
) -> tuple[Int[np.ndarray, " count"], Float[np.ndarray, " count"]]:
    """The frames that come next, each farthest from all before it.

    Of several that are equally far the first one in the array is taken.

    Args:
        points: As `features` gives them.
        count: How many are wanted; at most those that are not chosen yet.
        chosen: Frames that count as chosen.
        seed: Draws the first frame where none is chosen.

    Returns:
        Their places in their order, and how far each was from all before it, in steps;
        infinite for a frame that nothing was before.

    Source:
        Gonzalez 1985, "Clustering to minimize the maximum intercluster distance": no
        choice of as many frames has less than half of the largest distance from a
        frame to the nearest chosen one. Sener and Savarese 2018, arXiv:1708.00489,
        choose labels so.
    """
    square = np.square(points).sum(1)
    nearest = np.full(len(points), np.inf)
    for place in chosen:
        _approach(nearest, points, square, place)
    places, distances = np.empty(count, int), np.empty(count)
    for number in range(count):
        if number == 0 and not len(chosen):
            place = int(np.random.default_rng(seed).integers(len(points)))
        else:
            place = int(nearest.argmax())
        places[number], distances[number] = place, np.sqrt(nearest[place])
        _approach(nearest, points, square, place)
    return places, distances


def _approach(
    nearest: np.ndarray, points: Points, square: np.ndarray, place: int
) -> None:
    """Take a frame among the chosen ones: others may be nearer to it than before.

    Args:
        nearest: Squared distance of each frame from the nearest chosen one; changed.
        points: All frames.
        square: Their squared lengths.
        place: The frame; it is marked with -1, so that it is not chosen again.
    """
    distance = points @ points[place]
    distance *= -2
    distance += square
    distance += square[place]
    np.minimum(nearest, distance, out=nearest)
    nearest[place] = -1
