"""What each frame of a set is for, and why some are for nothing."""

import numpy as np
from jaxtyping import Float, Int8

from cnets.data.hand_data import has_label
from cnets.data.readers.labels import Labels
from cnets.data.readers.recording import Recording
from cnets.data.splits import TEST, UNUSED, VALIDATION


NOT_SEEN, BETWEEN, NO_LABEL = "no hand seen", "between splits", "no label"
"""Why a frame is in no split, besides what its reader says."""


def known_joints(read: Labels | Recording) -> Float[np.ndarray, "frames joints 3"]:
    """Joints in millimetres; all NaN in a frame without a label."""
    labelled = has_label(read.joints_mm, read.skeleton.root)[:, None, None]
    return np.where(labelled, read.joints_mm, np.float32(np.nan))


def purposes(
    read: Labels | Recording, way: str, empty: tuple[int, ...]
) -> tuple[Int8[np.ndarray, " frames"], dict[str, int]]:
    """What each frame is for, and how many are for nothing, by why.

    A frame with several reasons is counted under the first.

    Args:
        read: The set.
        way: Name of the split.
        empty: Frames in whose cube nothing was seen.
    """
    purpose, counts = read.splits[way].copy(), dict[str, int]()
    unseen = np.zeros(len(purpose), bool)
    unseen[list(empty)] = True
    reasons = {
        NOT_SEEN: unseen,
        BETWEEN: purpose == UNUSED,
        NO_LABEL: np.isin(purpose, (VALIDATION, TEST))
        & ~has_label(read.joints_mm, read.skeleton.root),
    }
    if isinstance(read, Recording):
        counts |= read.skipped
        reasons = {**read.unusable, **reasons}
    gone = np.zeros(len(purpose), bool)
    for why, rows in reasons.items():
        if count := int((rows & ~gone).sum()):
            counts[why] = counts.get(why, 0) + count
        gone |= rows
    purpose[gone] = UNUSED
    return purpose, counts
