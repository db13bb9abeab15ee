"""The MSRA hand data set of 2015 as its authors distribute it: 21 joints, 9 subjects.

`P0` to `P8` each hold a folder a gesture, with `joint.txt` and `000000_depth.bin`
and on. Frames that are known to be faulty are replaced by the one before them.

Source:
    Sun et al. 2015, "Cascaded hand pose regression"; the faulty frames as listed in
    the importer of Abdi et al. 2018 (LSPS).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.cameras import CAMERAS
from cnets.data import splits
from cnets.data.files import label_files
from cnets.data.readers import recording as shared
from cnets.data.readers.recording import Recording
from cnets.data.splits import GAP_FRAMES, TEST, TRAIN, UNUSED, VALIDATION
from cnets.hands.skeleton import HAND21


SUBJECTS = tuple(f"P{number}" for number in range(9))

GESTURES = (*"123456789", "I", "IP", "L", "MP", "RP", "T", "TIP", "Y")
"""Folders of a subject, in the order of published predictions."""

FAULTY = {
    "P2/TIP": (172, 173, 174),
    "P2/MP": (173, 174, 175, *range(345, 355), 356, 359, 360),
    "P3/T": (120, 489),
    "P8/4": (168,),
}
"""Frames, counted from 0, whose image or label is of no use."""

VALIDATION_SHARE = 0.15
"""Share of a sequence that is for validation where no subject can be."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sequence:
    """One subject's frames of one gesture; a faulty frame is already replaced."""

    subject: int
    files: list[Path]
    joints_mm: np.ndarray
    """float64 [frames, 21, 3]."""
    rows: np.ndarray
    """The frame of the sequence that each frame is taken from."""


def label_files_of(folder: Path) -> list[Path]:
    """The `joint.txt` of a sequence, of a subject's, or of all subjects' sequences.

    Args:
        folder: A sequence's, a subject's, or the whole set's.

    Returns:
        Files in the order of published predictions; none if there are none.
    """
    one = shared.first_file(folder / "joint.txt")
    if one:
        return [one]
    subjects = [folder / name for name in SUBJECTS if (folder / name).is_dir()]
    found = [
        shared.first_file(subject / gesture / "joint.txt")
        for subject in subjects or [folder]
        for gesture in GESTURES
    ]
    return [path for path in found if path]


def recording(folder: Path, *, centres: str, mirrored: bool = False) -> Recording:
    """The frames and labels of a folder.

    Args:
        folder: Where the set lies: the folder that holds `P0`.
        centres: `auto` and `depth` find them in the frames; `labels` is the mean of
            the joints, because a cube about the root, the wrist, would miss the
            fingertips; `file` is a text file of u, v and depth a frame.
        mirrored: Whether the hands are left ones.

    Raises:
        ValueError: If the folder, an image or a label is missing or damaged, or there
            are too few frames to split.
    """
    shared.check(folder, centres)
    sequences = [
        _sequence(subject, gesture, folder)
        for subject in SUBJECTS
        for gesture in GESTURES
        if (folder / subject / gesture).is_dir()
    ]
    if not sequences:
        raise ValueError(
            f"{folder} must hold folders of sequences such as P0/1, and holds none."
        )
    joints_mm = np.concatenate([one.joints_mm for one in sequences])
    counts = [len(one.files) for one in sequences]
    person = np.repeat([one.subject for one in sequences], counts).astype(np.int32)
    return Recording(
        name="msra",
        skeleton=HAND21,
        camera=CAMERAS["msra"],
        files=tuple(path for one in sequences for path in one.files),
        joints_mm=joints_mm.astype(np.float32),
        centres_uvd=_centres(folder, joints_mm, _sound(sequences), centres),
        person=person,
        splits=_splits(person, counts),
        mirrored=mirrored,
        background_mm=None,
    )


def _sequence(subject: str, gesture: str, folder: Path) -> _Sequence:
    """The frames of one folder."""
    place = folder / subject / gesture
    labels = shared.first_file(place / "joint.txt")
    if labels is None:
        raise ValueError(f"{place} must hold joint.txt, and does not.")
    joints_mm = label_files.msra_joints(labels, gaps=True)
    label_files.check_depths(labels, joints_mm)
    images = [place / f"{row:06d}_depth.bin" for row in range(len(joints_mm))]
    lost = shared.missing(images)
    if lost is not None:
        raise ValueError(
            f"{labels} has a label in row {lost + 2} whose image {images[lost].name} is "
            "missing."
        )
    count = sum(1 for _ in place.glob("*_depth.bin"))
    if count != len(images):
        raise ValueError(
            f"{labels} must have a label for each of the {count} images beside it, has "
            f"{len(images)}."
        )
    faulty = shared.has_gaps(joints_mm)
    known = FAULTY.get(f"{subject}/{gesture}", ())
    faulty[[row for row in known if row < len(faulty)]] = True
    rows = shared.sound_rows(faulty, labels)
    return _Sequence(
        subject=SUBJECTS.index(subject),
        files=[images[row] for row in rows],
        joints_mm=joints_mm[rows],
        rows=rows,
    )


def _sound(sequences: list[_Sequence]) -> np.ndarray:
    """The row of the whole set that each frame is taken from."""
    firsts = np.cumsum([0, *(len(one.rows) for one in sequences)])
    return np.concatenate(
        [first + one.rows for first, one in zip(firsts, sequences, strict=False)]
    )


def _centres(
    folder: Path, joints_mm: np.ndarray, rows: np.ndarray, centres: str
) -> np.ndarray | None:
    """Centres of all frames, float32 [frames, 3]; None to find them in the frames."""
    if centres in ("auto", "depth"):
        return None
    if centres == "labels":
        means = joints_mm.mean(1, keepdims=True)
        return shared.to_uvd(means, CAMERAS["msra"])[:, 0].astype(np.float32)
    path = shared.find_centres((folder,), "test", alone=True)
    return shared.read_centres(path, len(rows))[rows]


def _splits(person: np.ndarray, counts: list[int]) -> dict[str, np.ndarray]:
    """One subject left out; the next one, or the ends of sequences, for validation."""
    known = np.unique(person)
    if len(known) == 1:
        return {"block": splits.blocks(person)}
    ways = {}
    for number, one in enumerate(known):
        if len(known) == 2:
            split = _ends(counts)
            if not (split[person != one] == VALIDATION).any():
                raise ValueError(
                    f"`split` leave-{SUBJECTS[one]} needs a sequence of more than "
                    f"{2 * (GAP_FRAMES + 1)} frames for validation, and there is none."
                )
        else:
            split = np.full(len(person), TRAIN, np.int8)
            split[person == known[(number + 1) % len(known)]] = VALIDATION
        split[person == one] = TEST
        ways[f"leave-{SUBJECTS[one]}"] = split
    return ways


def _ends(counts: list[int]) -> np.ndarray:
    """Train; the end of each sequence for validation, with a gap before it.

    A sequence that is too short for that is for training as a whole.
    """
    parts = []
    for count in counts:
        part = np.full(count, TRAIN, np.int8)
        start = round((1 - VALIDATION_SHARE) * count)
        if count > 2 * (GAP_FRAMES + 1):
            part[start - GAP_FRAMES : start] = UNUSED
            part[start:] = VALIDATION
        parts.append(part)
    return np.concatenate(parts)
