"""Who may see which frame: splits by person or by time, nested label subsets."""

import numpy as np


TRAIN, VALIDATION, TEST, UNUSED = 0, 1, 2, -1
"""What a frame is for; `UNUSED` frames lie in the gaps between splits."""

GAP_FRAMES = 50
"""Frames between two neighbours in time that belong to different splits."""

BLOCK_FRAMES = 300
"""Frames that stay together in a split by time."""

BLOCK_PATTERN = (TRAIN, TRAIN, VALIDATION, TRAIN, TRAIN, TEST, TRAIN)
"""What the blocks of one person are for, over and over."""


def label_subset(strata: np.ndarray, ratio: float, seed: int) -> np.ndarray:
    """Positions of the labelled frames, ascending.

    Frames of each stratum are put in a random order and ranked by how far
    along their stratum they come; the first `round(ratio * n)` of that ranking
    are labelled. So subsets of one seed are nested, and each stratum has its
    share to within one frame where there are two or all have the same size.

    Args:
        strata: A number for each frame, such as its person.
        ratio: Share of the frames, in (0, 1].
        seed: Which choice.

    Raises:
        ValueError: If `ratio` is out of its range.
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"`ratio` must be in (0, 1], got {ratio}.")
    draw = np.random.default_rng(seed)
    places = np.empty(len(strata))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        places[draw.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    ties = draw.permutation(len(strata))
    order = np.lexsort((ties, places))
    return np.sort(order[: max(1, round(ratio * len(strata)))])


def by_person(person: np.ndarray) -> np.ndarray:
    """Every person in one split only: about 70, 15 and 15 % of the persons.

    The last persons are for test, those before them for validation.

    Raises:
        ValueError: If there are fewer than three persons.
    """
    known = np.unique(person)
    if len(known) < 3:
        raise ValueError(f"`split` person needs three persons, got {len(known)}.")
    held = max(1, round(0.15 * len(known)))
    split = np.full(len(person), TRAIN, np.int8)
    split[np.isin(person, known[-2 * held : -held])] = VALIDATION
    split[np.isin(person, known[-held:])] = TEST
    return split


def last_person(person: np.ndarray) -> np.ndarray:
    """The last person is for test; validation is the end of everybody else's time.

    Raises:
        ValueError: If there is only one person.
    """
    known = np.unique(person)
    if len(known) < 2:
        raise ValueError(f"`split` person needs two persons, got {len(known)}.")
    split = np.full(len(person), TRAIN, np.int8)
    split[person == known[-1]] = TEST
    for one in known[:-1]:
        rows = np.flatnonzero(person == one)
        start = round(0.85 * len(rows))
        split[rows[start:]] = VALIDATION
        split[rows[max(0, start - GAP_FRAMES) : start]] = UNUSED
    return split


def blocks(person: np.ndarray) -> np.ndarray:
    """Contiguous blocks of each person's time, with gaps between splits.

    The first `GAP_FRAMES` of a block whose split differs from that of the
    block before it are unused, so no frame neighbours one of another split.
    """
    split = np.full(len(person), UNUSED, np.int8)
    for one in np.unique(person):
        rows = np.flatnonzero(person == one)
        number = np.arange(len(rows)) // BLOCK_FRAMES
        kinds = np.array(BLOCK_PATTERN, np.int8)[number % len(BLOCK_PATTERN)]
        split[rows] = kinds
        for start in range(BLOCK_FRAMES, len(rows), BLOCK_FRAMES):
            if kinds[start] != kinds[start - 1]:
                split[rows[start : start + GAP_FRAMES]] = UNUSED
    return split
