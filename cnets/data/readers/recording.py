"""Depth frames on disk with their labels, and what the native readers share.

Images are not opened here, and nothing is cropped or mirrored: `recorded.py` does
both. The readers (`nyu.py`, `icvl.py`, `msra.py`) know the folders.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int8

from cnets import geometry
from cnets.cameras import Camera
from cnets.data import splits
from cnets.data.files import label_files, matlab_files
from cnets.data.files.frame_files import FrameForm
from cnets.data.splits import GAP_FRAMES, TEST, TRAIN, UNUSED, VALIDATION
from cnets.hands.skeleton import Skeleton


CENTRES = ("auto", "labels", "depth", "file")
"""Where the centres of the crops may come from."""

ROUND_FRAMES = 3200
"""About how many training frames there are for one stretch of validation."""

VALIDATION_SHARE = 1 / 16
"""Share of such a round that is for validation."""

LEAST_FRAMES = 4 * (GAP_FRAMES + 1)
"""Fewest frames that a stretch of validation is taken from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """Depth frames on disk, their labels, and the ways to split them.

    All arrays have one row a frame. A faulty frame is replaced by the one before it:
    image, label and centre.
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
    """float32 [frames, 3], pixels and millimetres; None: to be found in the frames."""
    person: np.ndarray
    """int32 [frames]."""
    splits: dict[str, np.ndarray]
    """The ways to split them, by name; the first is the default."""
    mirrored: bool
    """Whether frames and labels are to be mirrored, because the hands are left ones."""
    hand: str = "right"
    """Which hand the frames show as they lie on disk: `right` or `left`."""
    background_mm: np.ndarray | None
    """float32 [frames], depth from which on a pixel is background; else infinite."""
    form: FrameForm | None = None
    """What the numbers in the frames mean; None: a file says it by its form."""
    turned: np.ndarray | None = None
    """bool [frames], which frames and labels are mirrored, in a set of both hands."""
    notes: tuple[str, ...] = ()
    """What a person is to be told whenever the set is opened, such as guesses."""
    settings: str = ""
    """SHA-256 of what else numbers depend on; empty where there is nothing else."""


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


def missing(files: Iterable[Path]) -> int | None:
    """Which of the files is not there, by one listing of each folder; None if all are."""
    held: dict[Path, set[str]] = {}
    for row, path in enumerate(files):
        if path.parent not in held:
            try:
                held[path.parent] = {entry.name for entry in path.parent.iterdir()}
            except OSError:
                held[path.parent] = set()
        if path.name not in held[path.parent]:
            return row
    return None


def sound_rows(
    faulty: Bool[np.ndarray, " frames"], path: Path
) -> Int[np.ndarray, " frames"]:
    """For each frame the row to be taken: its own, or the last sound one before it.

    Args:
        faulty: Whether a frame's image or label is of no use.
        path: The file of the labels, for the error.

    Raises:
        ValueError: If the first frame is faulty.
    """
    rows = np.arange(len(faulty))
    if faulty[0]:
        raise ValueError(
            f"{path} must have a sound label in its first frame, has none."
        )
    return np.maximum.accumulate(np.where(faulty, 0, rows))


def has_gaps(
    points: Float[np.ndarray, "frames joints 3"],
) -> Bool[np.ndarray, " frames"]:
    """Whether a number is missing in a frame's label."""
    return np.asarray(np.isnan(points).any((1, 2)))


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


def centres_file(folders: Iterable[Path], part: str | None) -> Path | None:
    """The file of centres of one part of a data set.

    Args:
        folders: Where to look, in this order.
        part: `train` or `test`, and the file's name says which; None is the whole set.

    Raises:
        ValueError: If a folder holds more than one such file.
    """
    for folder in folders:
        found = [
            path
            for path in sorted(folder.glob("*center*"))
            if path.name.endswith((".mat", ".txt", ".txt.gz"))
            and (part is None or part in path.name)
        ]
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise ValueError(f"{folder} must hold one file of centres, holds {names}.")
        if found:
            return found[0]
    return None


def find_centres(folders: Iterable[Path], part: str, *, alone: bool) -> Path:
    """The file of centres that was asked for.

    Args:
        folders: Where to look.
        part: Which part of the data set; a file's name says it.
        alone: Whether there is no other part, so that the name need not say it.

    Raises:
        ValueError: If there is none, or more than one.
    """
    places = list(folders)
    found = centres_file(places, part)
    if found is None and alone:
        found = centres_file(places, None)
    if found is None:
        raise ValueError(
            f"{places[0]} must hold centres, such as center_uvd_{part}.mat or "
            f"center_{part}.txt, and holds none."
        )
    return found


def tested_alone(person: Int[np.ndarray, " frames"]) -> dict[str, np.ndarray]:
    """Ways to split a test set whose training set is missing.

    Blocks of time if there are enough frames to train on; in any case `test-only`.
    """
    ways = {"test-only": np.full(len(person), TEST, np.int8)}
    try:
        return {"block": splits.blocks(person)} | ways
    except ValueError:  # too few to train on are enough to be tested on
        return ways


def read_centres(path: Path, frames: int) -> Float[np.ndarray, "frames 3"]:
    """Centres of the hands: u and v in pixels, depth in millimetres.

    Args:
        path: A text file with three numbers a row, or a MATLAB file with an array
            `center_uvd`.
        frames: Rows it must have.

    Raises:
        ValueError: If it is damaged, has another count of rows, or a centre is not
            finite or not in front of the camera.
    """
    if path.suffix == ".mat":
        uvd = matlab_files.matrix(path, "center_uvd")
    else:
        uvd = label_files.numbers(path, 3)
    if uvd.shape != (frames, 3):
        raise ValueError(
            f"{path} must hold {frames} rows of 3 numbers, got {list(uvd.shape)}."
        )
    if np.isnan(uvd).any():
        row = np.argwhere(np.isnan(uvd))[0][0]
        raise ValueError(f"{path} must hold finite numbers, row {row + 1} does not.")
    label_files.check_depths(path, uvd[:, None])
    return uvd.astype(np.float32)
