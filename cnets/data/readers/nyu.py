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
from cnets.data.files import label_files, listing, matlab_files
from cnets.data.files.label_files import Uvd
from cnets.data.readers import centres as centre_files, recording as shared
from cnets.data.readers.centres import Centres
from cnets.data.readers.recording import Pairs, Recording
from cnets.data.splits import TEST
from cnets.hands.skeleton import NYU36


TEST_FRAMES, FIRST_PERSON = 8252, 2440
"""Rows of the test set, and how many of them are its first person's."""

PARTS = ("train", "test")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """One of the two folders, a row for each label."""

    pairs: Pairs
    joints_mm: np.ndarray
    """float64 [frames, 36, 3]; NaN where a joint is not known."""
    centres: Centres | None


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
    uvd = label_files.without_marks(np.ascontiguousarray(held[0]))
    label_files.check_depths(path, uvd)
    return uvd


def recording(
    folder: Path, *, centres: str, mirrored: bool = False, skip_missing: bool = False
) -> Recording:
    """The frames and labels of a folder.

    Args:
        folder: Where the set lies.
        centres: `auto` takes `center_uvd_train.mat` and `center_uvd_test.mat` if they
            are there, else the palm's label; `labels` is the palm's label, `file` the
            files, `depth` what the frames show.
        mirrored: Whether the hands are left ones.
        skip_missing: Whether to leave out frames whose image or label is missing.

    Raises:
        ValueError: If the folder, an image or a label is missing or damaged, or there
            are too few frames to split.
    """
    shared.check(folder, centres)
    labels = {part: labels_file(folder, part) for part in PARTS}
    alone = None in labels.values()
    parts = {
        part: _part(folder, part, path, centres, alone=alone, skip_missing=skip_missing)
        for part, path in labels.items()
        if path
    }
    if not parts:
        raise ValueError(
            f"{folder} must hold train/joint_data.mat or test/joint_data.mat, and holds "
            "neither."
        )
    counts = {
        part: len(parts[part].joints_mm) if part in parts else 0 for part in PARTS
    }
    person = _persons(**counts)
    joints_mm = np.concatenate([part.joints_mm for part in parts.values()])
    whole = Recording(
        name="nyu",
        skeleton=NYU36,
        camera=CAMERAS["nyu"],
        files=tuple(path for part in parts.values() for path in part.pairs.files),
        joints_mm=joints_mm.astype(np.float32),
        centres_uvd=None,
        person=person,
        splits=_splits(person, **counts),
        mirrored=mirrored,
    )
    return shared.finished(
        whole,
        centre_files.joined([part.centres for part in parts.values()]),
        [part.pairs for part in parts.values()],
    )


def _part(
    folder: Path,
    part: str,
    labels: Path,
    centres: str,
    *,
    alone: bool,
    skip_missing: bool,
) -> _Part:
    """The frames of `train` or `test`."""
    uvd = joints_uvd(labels)
    held = listing.numbered(labels.parent, "depth_1_", ".png")
    numbers = range(1, len(uvd) + 1)
    pairs = shared.pair(
        labels,
        [labels.parent / f"depth_1_{number:07d}.png" for number in numbers],
        [held.get(number) for number in numbers],
        surplus=[held[number] for number in sorted(held) if number not in numbers],
        skip_missing=skip_missing,
    )
    joints_mm = shared.to_mm(uvd, CAMERAS["nyu"])
    places = (folder, labels.parent.parent, labels.parent)
    given = None
    if centres == "file":
        given = centre_files.find(places, part, alone=alone)
    elif centres == "auto":
        given = shared.first_file(*(p / f"center_uvd_{part}.mat" for p in places))
    about = None
    if given is not None:
        about = centre_files.read(given, joints_mm, CAMERAS["nyu"])
    elif centres in ("auto", "labels"):
        about = centre_files.of_labels(uvd[:, NYU36.root])
    return _Part(pairs=pairs, joints_mm=joints_mm, centres=about)


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
