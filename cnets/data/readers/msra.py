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
from cnets.data.files import label_files, listing
from cnets.data.readers import centres as centre_files, recording as shared
from cnets.data.readers.centres import Centres
from cnets.data.readers.recording import Pairs, Recording
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
    """One subject's frames of one gesture; a faulty one is that before it."""

    subject: int
    pairs: Pairs
    joints_mm: np.ndarray
    """float64 [frames, 21, 3]; NaN where a joint is not known."""
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


def recording(
    folder: Path, *, centres: str, mirrored: bool = False, skip_missing: bool = False
) -> Recording:
    """The frames and labels of a folder.

    Args:
        folder: Where the set lies: the folder that holds `P0`.
        centres: `auto` and `depth` find them in the frames; `labels` is the mean of
            the joints, because a cube about the root, the wrist, would miss the
            fingertips; `file` is a text file with a centre a frame.
        mirrored: Whether the hands are left ones.
        skip_missing: Whether to leave out frames whose image or label is missing.

    Raises:
        ValueError: If the folder, an image or a label is missing or damaged, or there
            are too few frames to split.
    """
    shared.check(folder, centres)
    sequences = [
        _sequence(subject, gesture, folder, skip_missing=skip_missing)
        for subject in SUBJECTS
        for gesture in GESTURES
        if (folder / subject / gesture).is_dir()
    ]
    if not sequences:
        raise ValueError(
            f"{folder} must hold folders of sequences such as P0/1, and holds none."
        )
    joints_mm = np.concatenate([one.joints_mm for one in sequences])
    counts = [len(one.rows) for one in sequences]
    person = np.repeat([one.subject for one in sequences], counts).astype(np.int32)
    whole = Recording(
        name="msra",
        skeleton=HAND21,
        camera=CAMERAS["msra"],
        files=tuple(path for one in sequences for path in one.pairs.files),
        joints_mm=joints_mm.astype(np.float32),
        centres_uvd=None,
        person=person,
        splits=_splits(person, counts),
        mirrored=mirrored,
    )
    return shared.finished(
        whole,
        _centres(folder, joints_mm, _sound(sequences), centres),
        [one.pairs for one in sequences],
    )


def _sequence(
    subject: str, gesture: str, folder: Path, *, skip_missing: bool
) -> _Sequence:
    """The frames of one folder."""
    place = folder / subject / gesture
    labels = shared.first_file(place / "joint.txt")
    held = listing.numbered(place, "", "_depth.bin")
    if labels is None and skip_missing:
        none = np.zeros(0, bool)
        return _Sequence(
            subject=SUBJECTS.index(subject),
            pairs=Pairs(files=[], missing=none, surplus=len(held)),
            joints_mm=np.zeros((0, 21, 3)),
            rows=np.arange(0),
        )
    if labels is None:
        raise ValueError(f"{place} must hold joint.txt, and does not; {shared.ADVICE}.")
    joints_mm = label_files.msra_joints(labels, gaps=True)
    label_files.check_depths(labels, joints_mm)
    rows = np.arange(len(joints_mm))
    for row in FAULTY.get(f"{subject}/{gesture}", ()):
        if row < len(rows):
            rows[row] = rows[row - 1]
    pairs = shared.pair(
        labels,
        [place / f"{row:06d}_depth.bin" for row in rows],
        [held.get(int(row)) for row in rows],
        surplus=[held[number] for number in sorted(held) if number >= len(rows)],
        skip_missing=skip_missing,
        rows=range(2, len(rows) + 2),
    )
    return _Sequence(
        subject=SUBJECTS.index(subject),
        pairs=pairs,
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
) -> Centres | None:
    """Centres of all frames; None to find them in the frames."""
    if centres in ("auto", "depth"):
        return None
    if centres == "labels":
        means = centre_files.middles_mm(joints_mm)[:, None]
        return centre_files.of_labels(shared.to_uvd(means, CAMERAS["msra"])[:, 0])
    path = centre_files.find((folder,), "test", alone=True)
    return centre_files.read(path, joints_mm, CAMERAS["msra"]).of_rows(rows)


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
