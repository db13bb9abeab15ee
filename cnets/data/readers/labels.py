"""Labelled poses before they are rendered: what every reader of labels gives."""

from dataclasses import dataclass

import numpy as np

from cnets.cameras import Camera
from cnets.hands.skeleton import Skeleton


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Poses of one data set; all arrays have one row a frame."""

    skeleton: Skeleton
    camera: Camera
    joints_mm: np.ndarray
    """float32 [frames, joints, 3], camera frame, y up."""
    centres_mm: np.ndarray
    """float32 [frames, 3], centre of the crop cube, camera frame, near the label.

    NaN in a row: to be found in the rendered frame.
    """
    thickness: np.ndarray
    """float32 [frames], factor on the radii of the flesh."""
    person: np.ndarray
    """int32 [frames]."""
    splits: dict[str, np.ndarray]
    """The ways to split them, by name; the first is the default."""
    centres: str = "labels"
    """What centres the crops: `labels`, those above, or `depth`, the rendered frame."""
