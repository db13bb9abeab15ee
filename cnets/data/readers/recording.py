"""Depth frames on disk with their labels, and what the native readers share.

Images are not opened here, and nothing is cropped or mirrored: `recorded.py` does
both. The readers (`nyu.py`, `icvl.py`, `msra.py`) know the folders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, Int8

from cnets import geometry
from cnets.cameras import Camera
from cnets.data import splits
from cnets.data.files.frame_files import FrameForm
from cnets.data.readers.centres import Centres
from cnets.data.splits import GAP_FRAMES, TEST, TRAIN, UNUSED, VALIDATION
from cnets.hands.skeleton import Skeleton


CENTRES = ("auto", "labels", "depth", "file")
"""Where the centres of the crops may come from."""

ROUND_FRAMES = 3200
"""About how many training frames there are for one stretch of validation."""

VALIDATION_SHARE = 1 / 16
"""Share of such a round that is for validation."""

ADVICE = "--skip-missing leaves such frames out"
"""How to go on without frames whose image or label is missing."""

LEAST_FRAMES = 4 * (GAP_FRAMES + 1)
"""Fewest frames that a stretch of validation is taken from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """Depth frames on disk, their labels, and the ways to split them.

    All arrays have one row a frame.
    """

    name: str
    skeleton: Skeleton
    camera: Camera
    files: tuple[Path, ...]
    """One a frame."""
    joints_mm: np.ndarray
    """float32 [frames, joints, 3], camera frame, y up; not mirrored.

    NaN where a joint is not known.
    """
    centres_uvd: np.ndarray | None
    """float32 [frames, 3], pixels and millimetres.

    NaN in a row, or None for all: to be found in the frame.
    """
    person: np.ndarray
    """int32 [frames]."""
    splits: dict[str, np.ndarray]
    """The ways to split them, by name; the first is the default."""
    mirrored: bool
    """Whether frames and labels are to be mirrored, because the hands are left ones."""
    hand: str = "right"
    """Which hand the frames show as they lie on disk: `right` or `left`."""
    centres: str = "depth"
    """Where centres come from: `labels`, `depth` (found in the frames) or `file`."""
    background_mm: np.ndarray | None = None
    """float32 [frames], depth from which on a pixel is background; else infinite."""
    unusable: Mapping[str, np.ndarray] = field(default_factory=dict)
    """bool [frames] by reason: frames that no split may have, whatever their labels."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Frames that are no rows here, by why they were left out."""
    form: FrameForm | None = None
    """What the numbers in the frames mean; None: a file says it by its form."""
    turned: np.ndarray | None = None
    """bool [frames], which frames and labels are mirrored, in a set of both hands."""
    notes: tuple[str, ...] = ()
    """What was taken for granted and a person should know, a sentence each."""
    settings: str = ""
    """SHA-256 of what else numbers depend on; empty where there is nothing else."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Rows of labels with the images that they are of."""

    files: list[Path]
    """One a row; where it is missing, the name that it should have."""
    missing: np.ndarray
    """bool [rows]: whose image is not there."""
    surplus: int
    """Images without a row."""


def check(folder: Path, centres: str) -> None:
    """Refuse a folder that is none, and an unknown source of centres.

    Raises:
        ValueError: If there is no such folder, or `centres` is none of `CENTRES`.
    """
    if centres not in CENTRES:
        raise ValueError(f"`centres` must be one of {CENTRES}, got {centres!r}.")
    if not folder.is_dir():
        raise ValueError(f"`data` must name a folder that exists, got {folder}.")


def first_file(*paths: Path) -> Path | None:
    """The first of some files that is there, plain or with `.gz` behind its name."""
    for path in paths:
        for one in (path, path.with_name(f"{path.name}.gz")):
            if one.is_file():
                return one
    return None


def pair(
    labels: Path,
    wanted: Sequence[Path],
    files: Sequence[Path | None],
    *,
    skip_missing: bool,
    surplus: Sequence[Path] = (),
    rows: Sequence[int] | None = None,
) -> Pairs:
    """Rows of labels and the images that they are of.

    Args:
        labels: The file of the labels, for the error.
        wanted: The image of each row, as it is called in the set.
        files: What is there of them, None where nothing is.
        skip_missing: Whether to go on without what has no partner.
        surplus: Images that are there and have no row.
        rows: Which row of the file each label is, from 1; None is from the first on.

    Raises:
        ValueError: If an image or a row is missing and must not be, or all images
            are; the first is named.
    """
    missing = np.array([path is None for path in files])
    if missing.any() and not skip_missing:
        at = int(np.argmax(missing))
        row = at + 1 if rows is None else rows[at]
        more = int(missing.sum()) - 1
        raise ValueError(
            f"{labels} has a label in row {row} whose image {wanted[at]} "
            f"is missing{f', and {more} more' if more else ''}; {ADVICE}."
        )
    if surplus and not skip_missing:
        raise ValueError(
            f"{labels} must have a label for each of the "
            f"{len(files) - int(missing.sum()) + len(surplus)} images beside it, has "
            f"{len(files)}, none for {surplus[0].name}; {ADVICE}."
        )
    if missing.all():
        raise ValueError(
            f"{labels} must have images, and all {len(files)} are missing: the first "
            f"is {wanted[0]}."
        )
    return Pairs(
        files=[path or name for path, name in zip(files, wanted, strict=True)],
        missing=missing,
        surplus=len(surplus),
    )


def together(pairs: Sequence[Pairs]) -> Pairs:
    """The pairs of several label files as those of one."""
    return Pairs(
        files=[path for one in pairs for path in one.files],
        missing=np.concatenate([one.missing for one in pairs]),
        surplus=sum(one.surplus for one in pairs),
    )


def finished(
    read: Recording, centres: Centres | None, pairs: Sequence[Pairs]
) -> Recording:
    """A recording with its centres, and without the rows whose images are missing.

    The splits are those of the whole set: what is left keeps its purpose.

    Args:
        read: All rows, without centres.
        centres: One a row; None to find them in the frames.
        pairs: The parts that the set consists of, in their order.
    """
    found = together(pairs)
    kept = ~found.missing
    counts = {"file missing": int((~kept).sum()), "label missing": found.surplus}
    return replace(
        read,
        files=tuple(path for path, held in zip(read.files, kept, strict=True) if held),
        joints_mm=read.joints_mm[kept],
        centres_uvd=None if centres is None else centres.uvd[kept],
        centres="depth" if centres is None else centres.source,
        person=read.person[kept],
        splits={way: split[kept] for way, split in read.splits.items()},
        background_mm=None if read.background_mm is None else read.background_mm[kept],
        unusable={} if centres is None else {"no centre": centres.lacking[kept]},
        skipped={why: count for why, count in counts.items() if count},
        notes=() if centres is None else centres.notes,
    )


def to_mm(
    uvd: Float[np.ndarray, "frames joints 3"], camera: Camera
) -> Float[np.ndarray, "frames joints 3"]:
    """Points of the camera frame from pixels and depth."""
    return geometry.to_mm_from_uvd(torch.from_numpy(uvd), camera).numpy()


def to_uvd(
    joints_mm: Float[np.ndarray, "frames joints 3"], camera: Camera
) -> Float[np.ndarray, "frames joints 3"]:
    """Pixels and depth of points of the camera frame."""
    points = torch.from_numpy(joints_mm)
    return torch.cat([geometry.to_pixels(points, camera), points[..., 2:]], -1).numpy()


def hold_out(frames: int, way: str) -> Int8[np.ndarray, " frames"]:
    """Train, with stretches of validation in it and gaps round each.

    Args:
        frames: Frames in the order of time.
        way: Name of the split, for the error.

    Raises:
        ValueError: If there are too few frames.
    """
    if frames < LEAST_FRAMES:
        raise ValueError(
            f"`split` {way} needs {LEAST_FRAMES} frames for training and validation, "
            f"got {frames}."
        )
    split = np.full(frames, TRAIN, np.int8)
    rounds = max(1, round(frames / ROUND_FRAMES))
    for middle in (np.arange(rounds) + 0.5) * frames / rounds:
        half = VALIDATION_SHARE * frames / rounds / 2
        start, stop = int(middle - half), int(middle + half)
        split[start - GAP_FRAMES : stop + GAP_FRAMES] = UNUSED
        split[start:stop] = VALIDATION
    return split


def tested_alone(person: Int[np.ndarray, " frames"]) -> dict[str, np.ndarray]:
    """Ways to split a test set whose training set is missing.

    Blocks of time if there are enough frames to train on; in any case `test-only`.
    """
    ways = {"test-only": np.full(len(person), TEST, np.int8)}
    try:
        return {"block": splits.blocks(person)} | ways
    except ValueError:  # too few to train on are enough to be tested on
        return ways
