"""Who may see which frame: splits and nested label subsets."""

import numpy as np


def label_subset(strata: np.ndarray, ratio: float, seed: int) -> np.ndarray:
    """Positions of the labelled frames, ascending.

    Frames of each stratum are put in a random order, then ranked by how far
    along their stratum they are; the first `round(ratio * n)` of that ranking
    are labelled. So subsets of one seed are nested, and each stratum has its
    share to within one frame.

    Args:
        strata: A number for each frame, such as its person.
        ratio: Share of the frames, in (0, 1].
        seed: Which choice.
    """
    draw = np.random.default_rng(seed)
    places = np.empty(len(strata))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        places[draw.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    ties = draw.permutation(len(strata))
    order = np.lexsort((ties, places))
    return np.sort(order[: max(1, round(ratio * len(strata)))])
