"""The ICVL hand data set as its authors distribute it: 16 joints, left or mirrored.

Either `Training/labels.txt` and `Testing/labels.txt` (or `Testing/test_seq_1.txt`
and `test_seq_2.txt`), images in a `Depth` beside them; or `train.txt`,
`test_seq_1.txt` and `test_seq_2.txt` with one `Depth`. Labels may be gzipped.

Source:
    Tang et al. 2014, "Latent regression forest"; groups and background as in the
    released code of Wan et al. 2017.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from cnets.cameras import CAMERAS
from cnets.data import splits
from cnets.data.files import label_files
from cnets.data.readers import recording as shared
from cnets.data.readers.recording import Recording
from cnets.data.splits import TEST, TRAIN, UNUSED
from cnets.hands.skeleton import ICVL16


JOINTS = 16

UNROTATED = "2014"
"""How the folders of unrotated training frames begin."""

ROTATIONS = ("-22-5", "45", "67-5")
"""Folders of rotated copies that are trained on, besides the unrotated frames."""

BACKGROUND_MM = 500.0
"""Depth from which on a pixel of a test frame is background."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """Frames of some label files; a faulty one is already replaced by that before it."""

    names: list[str]
    """Of the images, as the labels have them; of a faulty frame its own."""
    files: list[Path]
    uvd: np.ndarray
    """float64 [frames, 16, 3]."""
    rows: list[int]
    """Which rows of the label files the frames are."""
    labelled: int
    """Rows of the label files."""

    @property
    def sequences(self) -> list[str]:
        """The folder of each frame, rotated copies in that of the original."""
        return [_place(name)[0] for name in self.names]


def test_files(folder: Path) -> list[Path]:
    """The label files of the test set, in their order; none if there are none."""
    one = shared.first_file(folder / "Testing" / "labels.txt")
    if one:
        return [one]
    for place in (folder / "Testing", folder):
        found = [shared.first_file(place / f"test_seq_{n}.txt") for n in (1, 2)]
        if any(found):
            return [path for path in found if path]
    return []


def train_file(folder: Path) -> Path | None:
    """The label file of the training set, if it is there."""
    return shared.first_file(folder / "Training" / "labels.txt", folder / "train.txt")


def recording(folder: Path, *, centres: str, mirrored: bool = False) -> Recording:
    """The frames and labels of a folder.

    Args:
        folder: Where the set lies.
        centres: `auto` and `depth` find them in the frames; `labels` is the palm's
            label, `file` a text file of u, v and depth a frame, for train and for test.
        mirrored: Whether the hands are to be mirrored; in this set they are left ones.

    Raises:
        ValueError: If the folder, an image or a label is missing or damaged, a label
            names an image outside the folder, or there are too few frames to split.
    """
    shared.check(folder, centres)
    train, test = train_file(folder), test_files(folder)
    labels = {"train": [train] if train else [], "test": test}
    held = {name: paths for name, paths in labels.items() if paths}
    if not held:
        raise ValueError(
            f"{folder} must hold Training/labels.txt, Testing/labels.txt, train.txt or "
            "test_seq_1.txt, and holds none of them."
        )
    parts = {name: _part(folder, name, paths) for name, paths in held.items()}
    uvd = np.concatenate([part.uvd for part in parts.values()])
    sequences = [name for part in parts.values() for name in part.sequences]
    background_mm = np.full(len(uvd), np.inf, np.float32)
    background_mm[len(parts["train"].files) if train else 0 :] = BACKGROUND_MM
    return Recording(
        name="icvl",
        skeleton=ICVL16,
        camera=CAMERAS["icvl"],
        files=tuple(path for part in parts.values() for path in part.files),
        joints_mm=shared.to_mm(uvd, CAMERAS["icvl"]).astype(np.float32),
        centres_uvd=_centres(folder, parts, centres),
        person=_numbered(sequences),
        splits=_splits(parts),
        mirrored=mirrored,
        hand="left",
        background_mm=background_mm,
    )


def _part(folder: Path, part: str, labels: list[Path]) -> _Part:
    """The frames of `train` or `test`."""
    names, files, uvd, rows, before = [], [], [], [], 0
    for path in labels:
        held, joints = label_files.named_uvd(path, JOINTS, gaps=True)
        label_files.check_depths(path, joints)
        _check_names(path, held)
        wanted = [row for row, name in enumerate(held) if part == "test" or _used(name)]
        if not wanted:
            known = ", ".join(ROTATIONS)
            raise ValueError(
                f"{path} must name images in a folder {UNROTATED}..., {known}, and names "
                "none."
            )
        depth = _depth_folder(path, folder, part)
        images = [depth / held[row] for row in wanted]
        lost = shared.missing(images)
        if lost is not None:
            raise ValueError(
                f"{path} names {held[wanted[lost]]} in row {wanted[lost] + 1}, which is "
                f"missing in {depth}."
            )
        sound = shared.sound_rows(shared.has_gaps(joints[wanted]), path)
        names += [held[row] for row in wanted]
        files += [images[row] for row in sound]
        uvd.append(joints[wanted][sound])
        rows += [before + wanted[row] for row in sound]
        before += len(held)
    return _Part(
        names=names, files=files, uvd=np.concatenate(uvd), rows=rows, labelled=before
    )


def _numbered(sequences: list[str]) -> np.ndarray:
    """A number for each sequence, since the labels do not say who is in it."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(sequences))}
    return np.array([numbers[name] for name in sequences], np.int32)


def _used(name: str) -> bool:
    """Whether a training frame is of a group that the authors trained on."""
    first = PurePosixPath(name).parts[0]
    return first.startswith(UNROTATED) or first in ROTATIONS


def _check_names(path: Path, names: tuple[str, ...]) -> None:
    """Refuse names of images outside the folder, and names that come twice."""
    seen: dict[str, int] = {}
    for row, name in enumerate(names):
        pure = PurePosixPath(name)
        inside = not pure.is_absolute() and ".." not in pure.parts and pure.parts
        if not (inside and name.isprintable() and "\\" not in name):
            raise ValueError(
                f"{path} must name images inside its folder, got {name[:80]!r} in row "
                f"{row + 1}."
            )
        if name in seen:
            raise ValueError(
                f"{path} must name each image once, got {name[:80]} in rows "
                f"{seen[name] + 1} and {row + 1}."
            )
        seen[name] = row


def _depth_folder(labels: Path, folder: Path, part: str) -> Path:
    """Where the images of a label file lie."""
    native = folder / ("Training" if part == "train" else "Testing")
    for place in (labels.parent, native):
        if (place / "Depth").is_dir():
            return place / "Depth"
    raise ValueError(f"{labels} must have a folder Depth beside it, and has none.")


def _centres(folder: Path, parts: dict[str, _Part], centres: str) -> np.ndarray | None:
    """Centres of all frames, float32 [frames, 3]; None to find them in the frames."""
    if centres in ("auto", "depth"):
        return None
    if centres == "labels":
        uvd = np.concatenate([part.uvd for part in parts.values()])
        return uvd[:, ICVL16.root].astype(np.float32)
    found = []
    for name, part in parts.items():
        places = (folder, folder / ("Training" if name == "train" else "Testing"))
        path = shared.find_centres(places, name, alone=len(parts) == 1)
        found.append(shared.read_centres(path, part.labelled)[part.rows])
    return np.concatenate(found)


def _splits(parts: dict[str, _Part]) -> dict[str, np.ndarray]:
    """The authors' split; with one part alone, blocks of its time."""
    if "train" not in parts:
        return shared.tested_alone(_numbered(parts["test"].sequences))
    if "test" not in parts:
        return {"block": _by_time(parts["train"].names, "block")}
    train = _by_time(parts["train"].names, "official")
    tested = np.full(len(parts["test"].files), TEST, np.int8)
    return {"official": np.concatenate([train, tested])}


def _by_time(names: list[str], way: str) -> np.ndarray:
    """A split of the training frames in which no time is on two sides.

    A rotated copy goes with its original, and is trained on or not used at all. One
    that does not say whose copy it is is not used, unless all frames are such copies.
    """
    places = [_place(name) for name in names]
    turned = np.array([name.split("/")[0] in ROTATIONS for name in names])
    known = np.array([bool(sequence) for sequence, _ in places]) | turned.all()
    moments = sorted(
        {place for place, sure in zip(places, known, strict=True) if sure},
        key=lambda place: (place[0], len(place[1]), place[1]),
    )
    count = len(moments)
    split = (
        splits.blocks(np.zeros(count, np.int32))
        if way == "block"
        else shared.hold_out(count, way)
    )
    at = dict(zip(moments, split, strict=True))
    purpose = np.array([at.get(place, UNUSED) for place in places], np.int8)
    if not turned.all():
        purpose[turned & (purpose != TRAIN)] = UNUSED
    return purpose


def _place(name: str) -> tuple[str, str]:
    """The sequence and the image of a training frame, whatever its rotation."""
    parts = PurePosixPath(name).parts
    rest = parts[1:] if parts[0] in ROTATIONS else parts
    return "/".join(rest[:-1]), rest[-1]
