"""What a data set is to the rest of the program: arrays, splits, labels.

No file is read here. The readers beside this file make a `HandData`; training,
evaluation and pictures take one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cnets.cameras import Camera
from cnets.data import splits
from cnets.hands.skeleton import Skeleton


SPLITS = {"train": splits.TRAIN, "validation": splits.VALIDATION, "test": splits.TEST}
"""Value of `HandData.split` by name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HandData:
    """Depth crops of hands, their joints, and who may see which.

    All arrays have one row a frame and may be memory-mapped and read-only.
    """

    name: str
    """What was asked for, such as `synthetic:4000` or `poses:nyu`."""
    fingerprint: str
    """SHA-256 of the labels and of every setting that the crops depend on."""
    skeleton: Skeleton
    camera: Camera
    crops: np.ndarray
    """float16 [frames, side, side], in [-1, 1]; background +1."""
    joints_mm: np.ndarray
    """float32 [frames, joints, 3], camera frame, y up; NaN where a joint is not known."""
    centres_mm: np.ndarray
    """float32 [frames, 3], centre of the crop cube, camera frame."""
    person: np.ndarray
    """int32 [frames], who the hand belongs to."""
    split: np.ndarray
    """int8 [frames], values of `splits`."""
    unlabelled: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 1)))
    """float16 [more, side, side]: crops without labels, for the GAN only."""
    unlabelled_empty: tuple[int, ...] = ()
    """Which of those show nothing; they are never used."""
    files: tuple[Path, ...] = ()
    """Depth frame of each row, if the set was recorded; not mirrored."""
    empty: int = 0
    """Frames in whose cube nothing was seen; they are in no split."""
    hand: str = "right"
    """Which hand the crops show, after any mirroring: `right` or `left`."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Frames that are in no split, by why they are not."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Frames that each split would have if none were dropped, less those it has."""

    @property
    def root(self) -> int:
        """The joint that the origin code stands for."""
        return self.skeleton.root

    @property
    def evaluated(self) -> tuple[int, ...]:
        """The joints that errors are taken over."""
        return self.skeleton.evaluated

    @property
    def joints(self) -> int:
        """Number of joints."""
        return self.joints_mm.shape[1]

    @property
    def side_px(self) -> int:
        """Side of the square crops, pixels."""
        return self.crops.shape[1]

    def rows(self, split: str) -> np.ndarray:
        """Rows of one split, ascending.

        Args:
            split: `train`, `validation` or `test`.
        """
        return np.flatnonzero(self.split == SPLITS[split])

    def depth_rows(self) -> np.ndarray:
        """Rows whose crops the GAN may see: all of train, then the unlabelled.

        The unlabelled crops are numbered on from the last frame.
        """
        first = len(self.crops)
        more = np.delete(np.arange(len(self.unlabelled)), list(self.unlabelled_empty))
        return np.concatenate([self.rows("train"), first + more])

    def labelled(self, ratio: float, seed: int) -> np.ndarray:
        """Rows of the training frames whose labels may be used, ascending.

        Subsets of one seed are nested: the rows at a ratio lie among the rows
        at every larger one.

        Args:
            ratio: Share of the training frames, in (0, 1].
            seed: Which choice of frames.
        """
        train = self.rows("train")
        return train[splits.label_subset(self.person[train], ratio, seed)]
