"""The ICVL hand data set as its authors distribute it: 16 joints, left or mirrored.

Either `Training/labels.txt` and `Testing/labels.txt` (or `Testing/test_seq_1.txt`
and `test_seq_2.txt`), images in a `Depth` beside them; or `train.txt`,
`test_seq_1.txt` and `test_seq_2.txt` with one `Depth`. Labels may be gzipped.

Source:
    Tang et al. 2014, "Latent regression forest"; groups and background as in the
    released code of Wan et al. 2017.
"""

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from cnets.cameras import CAMERAS
from cnets.data import splits
from cnets.data.files import label_files, listing
from cnets.data.readers import centres as centre_files, recording as shared
from cnets.data.readers.centres import Centres
from cnets.data.readers.recording import Pairs, Recording
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
    """Frames of some label files."""

    names: list[str]
    """Of the images, as the labels have them."""
    pairs: Pairs
    rows: list[int]
    """Which rows of the label files the frames are."""
    uvd: np.ndarray
    """float64 [rows, 16, 3]: all rows of the label files; NaN where not known."""

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


def recording(
    folder: Path, *, centres: str, mirrored: bool = False, skip_missing: bool = False
) -> Recording:
    """The frames and labels of a folder.

    Args:
        folder: Where the set lies.
        centres: `auto` and `depth` find them in the frames; `labels` is the palm's
            label, `file` a text file with a centre a frame, for train and for test.
        mirrored: Whether the hands are to be mirrored; in this set they are left ones.
        skip_missing: Whether to leave out frames whose image is missing.

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
    parts = {
        name: _part(folder, name, paths, skip_missing=skip_missing)
        for name, paths in held.items()
    }
    uvd = np.concatenate([part.uvd[part.rows] for part in parts.values()])
    sequences = [name for part in parts.values() for name in part.sequences]
    background_mm = np.full(len(uvd), np.inf, np.float32)
    background_mm[len(parts["train"].names) if train else 0 :] = BACKGROUND_MM
    whole = Recording(
        name="icvl",
        skeleton=ICVL16,
        camera=CAMERAS["icvl"],
        files=tuple(path for part in parts.values() for path in part.pairs.files),
        joints_mm=shared.to_mm(uvd, CAMERAS["icvl"]).astype(np.float32),
        centres_uvd=None,
        person=_numbered(sequences),
        splits=_splits(parts),
        mirrored=mirrored,
        hand="left",
        background_mm=background_mm,
    )
    found = [
        _centres(folder, name, part, centres, alone=len(parts) == 1)
        for name, part in parts.items()
    ]
    return shared.finished(
        whole, centre_files.joined(found), [part.pairs for part in parts.values()]
    )


def _part(folder: Path, part: str, labels: list[Path], *, skip_missing: bool) -> _Part:
    """The frames of `train` or `test`."""
    names, pairs, uvd, rows, before = [], [], [], [], 0
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
        found = shared.pair(
            path,
            images,
            listing.located(images),
            skip_missing=skip_missing,
            rows=[row + 1 for row in wanted],
        )
        found = replace(found, surplus=_unnamed(found.files))
        names += [held[row] for row in wanted]
        pairs.append(found)
        uvd.append(joints)
        rows += [before + row for row in wanted]
        before += len(held)
    return _Part(
        names=names, pairs=shared.together(pairs), rows=rows, uvd=np.concatenate(uvd)
    )


def _unnamed(files: list[Path]) -> int:
    """Images in the folders of the labelled ones that no label names."""
    folders, held = {path.parent for path in files}, set(files)
    return sum(
        path.parent == folder and path not in held
        for folder in folders
        for path in listing.under(folder, (".png",))
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


def _centres(
    folder: Path, name: str, part: _Part, centres: str, *, alone: bool
) -> Centres | None:
    """Centres of the frames of a part; None to find them in the frames."""
    if centres in ("auto", "depth"):
        return None
    if centres == "labels":
        return centre_files.of_labels(part.uvd[part.rows, ICVL16.root])
    places = (folder, folder / ("Training" if name == "train" else "Testing"))
    path = centre_files.find(places, name, alone=alone)
    joints_mm = shared.to_mm(part.uvd, CAMERAS["icvl"])
    return centre_files.read(path, joints_mm, CAMERAS["icvl"]).of_rows(
        np.array(part.rows)
    )


def _splits(parts: dict[str, _Part]) -> dict[str, np.ndarray]:
    """The authors' split; with one part alone, blocks of its time."""
    if "train" not in parts:
        return shared.tested_alone(_numbered(parts["test"].sequences))
    if "test" not in parts:
        return {"block": _by_time(parts["train"].names, "block")}
    train = _by_time(parts["train"].names, "official")
    tested = np.full(len(parts["test"].names), TEST, np.int8)
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
