"""What a data set is to the rest of the program: arrays, splits, labels.

No file is read here. The readers beside this file make a `HandData`; training,
evaluation and pictures take one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from cnets.cameras import Camera
from cnets.data import coverage, splits
from cnets.data.files.frame_files import FrameForm
from cnets.hands.skeleton import Skeleton


SPLITS = {"train": splits.TRAIN, "validation": splits.VALIDATION, "test": splits.TEST}
"""Value of `HandData.split` by name."""

CHOICES = ("random", "coverage")
"""How the frames whose labels may be used are chosen."""

LEAST_LABELS = 2
"""Fewest labels that a run can learn from.

With one, every labelled image of a batch is the same: batch norm of the code heads
learns a variance of 0, and other images come out hundreds of times too large. On
`synthetic:100` one label gave test errors of 8,404 to 21,205 mm, two gave 52 to 66,
and the mean pose 43 to 56.
"""


def has_label(
    joints_mm: Float[np.ndarray, "frames joints 3"], root: int
) -> Bool[np.ndarray, " frames"]:
    """Whether frames have a label: their root is known, and one more joint.

    Args:
        joints_mm: NaN where a joint is not known.
        root: The joint that poses are relative to.
    """
    known = ~np.isnan(joints_mm.sum(axis=2, dtype=np.float64))
    more = known.sum(1) >= min(2, joints_mm.shape[1])
    return np.logical_and(known[:, root], more)


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
    centres: str = "depth"
    """Where those come from: `labels`, `depth` (found in the frames) or `file`."""
    label_free_crops: Callable[[], np.ndarray] | None = None
    """Gives the crops about centres that were found in the frames; None: `crops` are."""
    person: np.ndarray
    """int32 [frames], who the hand belongs to."""
    split: np.ndarray
    """int8 [frames], values of `splits`; those `UNLABELLED` have no label."""
    unlabelled: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 1)))
    """float16 [more, side, side]: crops without labels, for the GAN only."""
    unlabelled_empty: tuple[int, ...] = ()
    """Which of those show nothing; they are never used."""
    seen: str | None = None
    """Share of the test split that is trained on without labels, such as `test:0.5`."""
    more_poses_mm: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 3)))
    """float32 [poses, joints, 3], camera axes: poses without images, for the VAE only."""
    files: tuple[Path, ...] = ()
    """Depth frame of each row, if the set was recorded; not mirrored."""
    form: FrameForm | None = None
    """What the numbers in those mean; None: a file says it by its form."""
    empty: int = 0
    """Frames in whose cube nothing was seen; they are in no split."""
    hand: str = "right"
    """Which hand the crops show, after any mirroring: `right` or `left`."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Frames that are in no split, each counted once, by why they are not."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Frames that each split would have if none were dropped, less those it has."""
    notes: tuple[str, ...] = ()
    """What was taken for granted and a person should know, a sentence each."""

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

    @cached_property
    def has_label(self) -> Bool[np.ndarray, " frames"]:
        """Whether each frame has a label; see `has_label` of this module."""
        return has_label(self.joints_mm, self.root)

    def rows(self, split: str) -> np.ndarray:
        """Rows of one split, ascending; without a label in `train` only.

        Args:
            split: `train`, `validation` or `test`.
        """
        chosen = self.split == SPLITS[split]
        return np.flatnonzero(chosen if split == "train" else chosen & self.has_label)

    def scored_rows(self, split: str) -> np.ndarray:
        """Those of the `rows` of which an evaluated joint is known."""
        rows = self.rows(split)
        joints_mm = self.joints_mm[rows][:, list(self.evaluated)]
        return rows[~np.isnan(joints_mm).all(axis=(1, 2))]

    def depth_rows(self) -> np.ndarray:
        """Rows whose crops the GAN may see, ascending.

        All of train, frames of the test split whose labels are hidden, and the
        unlabelled crops, which are numbered on from the last frame.
        """
        first = len(self.crops)
        own = np.isin(self.split, (splits.TRAIN, splits.UNLABELLED))
        more = np.delete(np.arange(len(self.unlabelled)), list(self.unlabelled_empty))
        return np.concatenate([np.flatnonzero(own), first + more])

    def labelled(self, ratio: float, seed: int, choice: str = "random") -> np.ndarray:
        """Rows of the training frames whose labels may be used, ascending.

        Subsets of one seed are nested: the rows at a ratio lie among the rows
        at every larger one.

        Args:
            ratio: Share of the training frames that have a label, in (0, 1].
            seed: Which choice of frames.
            choice: One of `CHOICES`: `random` gives each person a share, `coverage`
                takes the frames that differ most, by crops that no label has centred;
                of it the seed draws the first frame alone.

        Raises:
            ValueError: If the ratio is out of its range, the choice is unknown, or
                they are fewer than `LEAST_LABELS`.
        """
        if choice not in CHOICES:
            known = ", ".join(CHOICES)
            raise ValueError(f"`choice` must be one of {known}, got {choice!r}.")
        train = self.rows("train")
        known = train[self.has_label[train]]
        chosen = known
        if len(known) and choice == "random":
            chosen = known[splits.label_subset(self.person[known], ratio, seed)]
        elif len(known):
            chosen = known[self._covering(known, ratio, seed)]
        if len(chosen) < LEAST_LABELS:
            raise ValueError(
                f"`labelled_ratio` must leave {LEAST_LABELS} labels or more, got "
                f"{len(chosen)}: {ratio} of the {len(known)} training frames of "
                f"{self.name} that have a label; copies of one image have no variance "
                "for batch norm."
            )
        return chosen

    def _covering(self, rows: np.ndarray, ratio: float, seed: int) -> np.ndarray:
        """Places of the frames among `rows` that differ most, ascending."""
        count = splits.label_count(len(rows), ratio)
        if count == len(rows):
            return np.arange(count)
        crops = self.crops if self.label_free_crops is None else self.label_free_crops()
        points, _ = coverage.features(crops, rows)
        places, _ = coverage.traversal(points, count, seed=seed)
        return np.sort(places)
