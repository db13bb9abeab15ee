"""Who may see which frame: splits by person or by time, nested label subsets."""

import numpy as np


TRAIN, VALIDATION, TEST, UNUSED = 0, 1, 2, -1
"""What a frame is for; `UNUSED` frames lie in the gaps between splits."""

GAP_FRAMES = 50
"""Frames between two neighbours in time that belong to different splits."""

BLOCK_FRAMES = 200
"""About how many frames stay together in a split by time."""

BLOCK_PATTERN = (TRAIN, TRAIN, TRAIN, VALIDATION, TRAIN, TRAIN, TRAIN, TEST)
"""What the blocks of one person are for, over and over.

With this length validation and test are about equally hard on the NYU poses:
the mean pose is 54 mm off on both, the nearest training pose 17 mm.
"""


def label_count(frames: int, ratio: float) -> int:
    """How many of some frames have a label, at least one.

    Raises:
        ValueError: If `ratio`, their share, is not in (0, 1].
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"`ratio` must be in (0, 1], got {ratio}.")
    return max(1, round(ratio * frames))


def label_subset(strata: np.ndarray, ratio: float, seed: int) -> np.ndarray:
    """Positions of the labelled frames, ascending.

    Labels are given out one by one: each time to a random frame of the stratum
    that has fewest for its size, among those not yet above their share. So
    subsets of one seed are nested, and each stratum has its share of the
    subset to within one frame, however unequal the strata are.

    Args:
        strata: A number for each frame, such as its person.
        ratio: Share of the frames, in (0, 1].
        seed: Which choice.

    Raises:
        ValueError: If `ratio` is out of its range.

    Source:
        Balinski and Young 1975, "The quota method of apportionment".
    """
    count = label_count(len(strata), ratio)
    draw = np.random.default_rng(seed)
    kinds, sizes = np.unique(strata, return_counts=True)
    ties = draw.permutation(len(kinds))
    orders = [draw.permutation(np.flatnonzero(strata == kind)) for kind in kinds]
    taken = np.zeros(len(kinds), int)
    for number in range(1, count + 1):
        below = taken * len(strata) < number * sizes
        need = np.where(below, sizes / (taken + 1), 0)
        taken[np.lexsort((ties, need))[-1]] += 1
    chosen = [order[:count] for order, count in zip(orders, taken, strict=True)]
    return np.sort(np.concatenate(chosen))


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

    Each person's frames are cut into whole rounds of `BLOCK_PATTERN`, in blocks
    of about `BLOCK_FRAMES`. The first `GAP_FRAMES` of a block whose split differs
    from that of the block before it are unused, so no frame neighbours one of
    another split.

    Raises:
        ValueError: If somebody has too few frames for blocks beyond the gaps.
    """
    split = np.full(len(person), UNUSED, np.int8)
    pattern = np.array(BLOCK_PATTERN, np.int8)
    least = len(pattern) * (GAP_FRAMES + 1)
    for one in np.unique(person):
        rows = np.flatnonzero(person == one)
        if len(rows) < least:
            raise ValueError(
                f"`split` block needs {least} frames of each person, got {len(rows)}."
            )
        rounds = max(1, round(len(rows) / (len(pattern) * BLOCK_FRAMES)))
        count = rounds * len(pattern)
        kinds = pattern[np.arange(len(rows)) * count // len(rows) % len(pattern)]
        split[rows] = kinds
        for start in np.flatnonzero(np.diff(kinds)) + 1:
            split[rows[start : start + GAP_FRAMES]] = UNUSED
    return split
