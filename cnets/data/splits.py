"""Who may see which frame: splits by person or by time, nested label subsets."""

import numpy as np


TRAIN, VALIDATION, TEST, UNUSED = 0, 1, 2, -1
"""What a frame is for; `UNUSED` frames lie in the gaps between splits."""

UNLABELLED = 3
"""What a frame of a test split is for whose label is hidden: the GAN sees its crop."""

GAP_FRAMES = 50
"""Frames between two neighbours in time that belong to different splits."""

BLOCK_FRAMES = 200
"""About how many frames stay together in a split by time."""

BLOCK_PATTERN = (TRAIN, TRAIN, TRAIN, VALIDATION, TRAIN, TRAIN, TRAIN, TEST)
"""What the blocks of one person are for, over and over.

With this length validation and test are about equally hard on the NYU poses:
the mean pose is 54 mm off on both, the nearest training pose 17 mm.
"""


STRETCH_FRAMES = 2 * BLOCK_FRAMES
"""About how many frames the smaller part of a test split has in one stretch.

With stretches as short as a block the gaps would take a quarter of the split.
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
        split[rows] = _with_gaps(kinds)
    return split


def hidden(split: np.ndarray, person: np.ndarray, share: float) -> np.ndarray:
    """A split, a share of whose test frames is `UNLABELLED`.

    Each person's test frames are cut into rounds. The first part of a round is
    unlabelled and the rest of it for test; where one follows the other, the first
    `GAP_FRAMES` are unused, so that no frame that is trained on neighbours one that is
    tested. There are as many rounds as give the smaller part stretches of about
    `STRETCH_FRAMES`.

    Args:
        split: What each frame is for; it is not changed.
        person: Of each frame.
        share: Of each person's test frames, in (0, 1).

    Raises:
        ValueError: If there is no test frame, or the gaps leave somebody's test frames
            in one of the two parts only.
    """
    found = split.copy()
    persons = np.unique(person[split == TEST])
    if not len(persons):
        raise ValueError("`unlabelled` needs test frames, and the split has none.")
    for one in persons:
        rows = np.flatnonzero((split == TEST) & (person == one))
        smaller = min(share, 1 - share) * len(rows)
        rounds = max(1, round(smaller / STRETCH_FRAMES))
        first = np.arange(len(rows)) * rounds % len(rows) < share * len(rows)
        kinds = np.where(first, np.int8(UNLABELLED), np.int8(TEST))
        found[rows] = kinds = _with_gaps(kinds)
        parts = [int((kinds == kind).sum()) for kind in (UNLABELLED, TEST)]
        if not all(parts):
            raise ValueError(
                f"`unlabelled` must leave frames to train on and frames to test, "
                f"{GAP_FRAMES} frames apart, and a share of {share:g} makes {parts[0]} "
                f"and {parts[1]} of the {len(rows)} test frames of person {one}."
            )
    return found


def _with_gaps(kinds: np.ndarray) -> np.ndarray:
    """What frames in the order of time are for, less `GAP_FRAMES` after each change."""
    split = kinds.copy()
    for start in np.flatnonzero(np.diff(kinds)) + 1:
        split[start : start + GAP_FRAMES] = UNUSED
    return split
