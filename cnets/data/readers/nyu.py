"""The NYU hand data set as its authors distribute it: camera 1, 36 joints.

`train` and `test`, in the folder or in its subfolder `dataset`, each hold
`depth_1_0000001.png` and on, and `joint_data.mat`; one of the two may be missing.
Millimetres come from the pixels of the labels through `CAMERAS["nyu"]`.

Source:
    Tompson et al. 2014, "Real-time continuous pose recovery of human hands".
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.cameras import CAMERAS
from cnets.data import splits
from cnets.data.files import label_files, matlab_files
from cnets.data.files.label_files import Uvd
from cnets.data.readers import recording as shared
from cnets.data.readers.recording import Recording
from cnets.data.splits import TEST
from cnets.hands.skeleton import NYU36


TEST_FRAMES, FIRST_PERSON = 8252, 2440
"""Rows of the test set, and how many of them are its first person's."""

PARTS = ("train", "test")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """One of the two folders; a faulty frame is already replaced."""

    files: list[Path]
    uvd: np.ndarray
    """float64 [frames, 36, 3]."""
    centres_uvd: np.ndarray | None
    """float32 [frames, 3]."""


def labels_file(folder: Path, part: str) -> Path | None:
    """`joint_data.mat` of a part of the set, if it is there."""
    for place in (folder / part, folder / "dataset" / part):
        if (place / "joint_data.mat").is_file():
            return place / "joint_data.mat"
    return None


def joints_uvd(path: Path) -> Uvd:
    """All 36 joints of every frame of camera 1; a missing number is NaN.

    Args:
        path: A `joint_data.mat`, whose `joint_uvd` is [cameras, frames, 36, 3].

    Raises:
        ValueError: If the file is damaged, or has another shape, or a depth is not in
            front of the camera.
    """
    held = matlab_files.matrix(path, "joint_uvd")
    joints = len(NYU36.joint_names)
    if held.ndim != 4 or held.shape[2:] != (joints, 3):
        raise ValueError(
            f"{path} must hold joint_uvd of [cameras, frames, {joints}, 3], got "
            f"{list(held.shape)}."
        )
    uvd = np.ascontiguousarray(held[0])
    label_files.check_depths(path, uvd)
    return uvd


def recording(folder: Path, *, centres: str, mirrored: bool = False) -> Recording:
    """The frames and labels of a folder.

    Args:
        folder: Where the set lies.
        centres: `auto` takes `center_uvd_train.mat` and `center_uvd_test.mat` if they
            are there, else the palm's label; `labels` is the palm's label, `file` the
            files, `depth` what the frames show.
        mirrored: Whether the hands are left ones.

    Raises:
        ValueError: If the folder, an image or a label is missing or damaged, or there
            are too few frames to split.
    """
    shared.check(folder, centres)
    labels = {part: labels_file(folder, part) for part in PARTS}
    alone = None in labels.values()
    parts = {
        part: _part(folder, part, path, centres, alone=alone)
        for part, path in labels.items()
        if path
    }
    if not parts:
        raise ValueError(
            f"{folder} must hold train/joint_data.mat or test/joint_data.mat, and holds "
            "neither."
        )
    uvd = np.concatenate([part.uvd for part in parts.values()])
    given = [
        part.centres_uvd for part in parts.values() if part.centres_uvd is not None
    ]
    counts = {part: len(parts[part].files) if part in parts else 0 for part in PARTS}
    person = _persons(**counts)
    return Recording(
        name="nyu",
        skeleton=NYU36,
        camera=CAMERAS["nyu"],
        files=tuple(path for part in parts.values() for path in part.files),
        joints_mm=shared.to_mm(uvd, CAMERAS["nyu"]).astype(np.float32),
        centres_uvd=np.concatenate(given) if given else None,
        person=person,
        splits=_splits(person, **counts),
        mirrored=mirrored,
        background_mm=None,
    )


def _part(folder: Path, part: str, labels: Path, centres: str, *, alone: bool) -> _Part:
    """The frames of `train` or `test`."""
    uvd = joints_uvd(labels)
    held = [labels.parent / f"depth_1_{row + 1:07d}.png" for row in range(len(uvd))]
    lost = shared.missing(held)
    if lost is not None:
        raise ValueError(
            f"{labels} has a label in row {lost + 1} whose image {held[lost].name} is "
            "missing."
        )
    images = sum(1 for _ in labels.parent.glob("depth_1_*.png"))
    if images != len(uvd):
        raise ValueError(
            f"{labels} must have a label for each of the {images} images beside it, has "
            f"{len(uvd)}."
        )
    places = (folder, labels.parent.parent, labels.parent)
    given = None
    if centres == "file":
        given = shared.find_centres(places, part, alone=alone)
    elif centres == "auto":
        given = shared.first_file(*(p / f"center_uvd_{part}.mat" for p in places))
    rows = shared.sound_rows(shared.has_gaps(uvd), labels)
    about = None
    if given is not None:
        about = shared.read_centres(given, len(uvd))[rows]
    elif centres in ("auto", "labels"):
        about = uvd[rows, NYU36.root].astype(np.float32)
    return _Part(files=[held[row] for row in rows], uvd=uvd[rows], centres_uvd=about)


def _persons(train: int, test: int) -> np.ndarray:
    """Who each frame shows: one person in train, two others in test."""
    person = np.zeros(train + test, np.int32)
    person[train:] = 1
    if test == TEST_FRAMES:
        person[train + FIRST_PERSON :] = 2
    return person


def _splits(person: np.ndarray, train: int, test: int) -> dict[str, np.ndarray]:
    """The authors' split; with one folder alone, blocks of its time."""
    tested = np.full(test, TEST, np.int8)
    if train and test:
        return {
            "official": np.concatenate([shared.hold_out(train, "official"), tested])
        }
    if train:
        return {"block": splits.blocks(person)}
    ways = shared.tested_alone(person)
    if person[-1] != person[0]:
        ways["person"] = splits.last_person(person)
    return ways
