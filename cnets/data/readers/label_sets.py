"""The labels of a test set alone, for evaluation: no image is opened.

A folder is a data set as its authors distribute it, or holds label files only. The
cameras are those with which published predictions are evaluated. Labels are taken
as they stand in the files; nothing is replaced. What is not known is NaN, and so is
the whole of a frame that has no label.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.cameras import CAMERAS, Camera
from cnets.data.files import label_files
from cnets.data.files.label_files import JointsMm, Uvd
from cnets.data.hand_data import has_label
from cnets.data.readers import icvl, msra, nyu, recording
from cnets.data.readers.folder import reader as own
from cnets.data.splits import TEST
from cnets.hands.skeleton import HAND21, ICVL16, NYU36, Skeleton


KINDS = "nyu:DIR, icvl:DIR, msra:DIR or folder:DIR"

ACCEPTED = {
    "nyu": "nyu_test_groundtruth_label.txt, joint_1_{u,v,d}.csv or test/joint_data.mat",
    "icvl": "icvl_test_groundtruth_label.txt, test_seq_1.txt or Testing/labels.txt",
    "msra": "joint.txt, a sequence's folder with it, or P0/1/joint.txt",
}
"""What a folder may hold, for the error that finds nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelSet:
    """Labelled frames of a test set; the arrays have one row a frame."""

    name: str
    """`nyu`, `icvl`, `msra` or `folder`."""
    skeleton: Skeleton
    camera: Camera
    joints: tuple[int, ...]
    """Which of the skeleton's joints the arrays hold, in their order."""
    uvd: np.ndarray
    """float64 [frames, joints, 3]: pixels, and depth in millimetres; NaN: not known."""
    joints_mm: np.ndarray
    """float64 [frames, joints, 3], camera frame, y up; NaN likewise."""
    names: tuple[str, ...] = ()
    """Names of the frames' files; none if no file tells them."""


def label_set(spec: str, *, full: bool = False) -> LabelSet:
    """The labels that a folder holds.

    Args:
        spec: `nyu:DIR`, `icvl:DIR`, `msra:DIR` or `folder:DIR`.
        full: Whether all joints of the skeleton are wanted. Otherwise those that
            the papers evaluate: for NYU 14 of 36, for the others all.

    Raises:
        ValueError: If the kind is unknown, the folder is missing or holds no such
            labels, or a file is damaged.
    """
    kind, _, folder = spec.partition(":")
    if kind == "folder" and folder:
        return _own(Path(folder), full)
    if kind not in ACCEPTED or not folder:
        raise ValueError(f"`labels` must be {KINDS}, got {spec!r}.")
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"`labels` must name a folder that exists, got {spec!r}.")
    camera = CAMERAS[kind]
    match kind:
        case "nyu":
            uvd, joints = _nyu(root, full)
            names = tuple(f"depth_1_{row + 1:07d}.png" for row in range(len(uvd)))
            return _from_uvd(kind, NYU36, uvd, joints, names)
        case "icvl":
            uvd, names = _icvl(root)
            return _from_uvd(kind, ICVL16, uvd, tuple(range(16)), names)
    joints_mm, names = _msra(root)
    return LabelSet(
        name=kind,
        skeleton=HAND21,
        camera=camera,
        joints=tuple(range(21)),
        uvd=recording.to_uvd(joints_mm, camera),
        joints_mm=joints_mm,
        names=names,
    )


def _own(root: Path, full: bool) -> LabelSet:
    """The test frames of a described folder that have a label, by its default split."""
    read = own.recording(root, centres="auto")
    purpose = next(iter(read.splits.values()))
    joints = tuple(range(len(read.skeleton.joint_names)))
    joints = joints if full else read.skeleton.evaluated
    tested = (purpose == TEST) & has_label(read.joints_mm, read.skeleton.root)
    rows = np.flatnonzero(tested)
    if not len(rows):
        raise ValueError(f"{root} must have a test frame with a label, and has none.")
    joints_mm = read.joints_mm[rows][:, list(joints)].astype(np.float64)
    return LabelSet(
        name="folder",
        skeleton=read.skeleton,
        camera=read.camera,
        joints=joints,
        uvd=recording.to_uvd(joints_mm, read.camera),
        joints_mm=joints_mm,
        names=tuple(read.files[row].relative_to(root).as_posix() for row in rows),
    )


def _from_uvd(
    kind: str,
    skeleton: Skeleton,
    uvd: Uvd,
    joints: tuple[int, ...],
    names: tuple[str, ...],
) -> LabelSet:
    camera = CAMERAS[kind]
    return LabelSet(
        name=kind,
        skeleton=skeleton,
        camera=camera,
        joints=joints,
        uvd=uvd,
        joints_mm=recording.to_mm(uvd, camera),
        names=names,
    )


def _nyu(root: Path, full: bool) -> tuple[Uvd, tuple[int, ...]]:
    """The joints of NYU and their ids: the text of 14, or the tables of 36."""
    text, test = _text(root), nyu.labels_file(root, "test")
    tables = label_files.has_tables(root)
    if text and not full:
        return _checked(text, len(NYU36.evaluated)), NYU36.evaluated
    if not tables and test is None:
        if text:
            raise ValueError(
                f"{root} must hold all 36 joints (joint_1_u.csv, joint_1_v.csv and "
                f"joint_1_d.csv, or test/joint_data.mat), and holds 14 in {text.name}."
            )
        raise _nothing("nyu", root)
    if tables or test is None:
        uvd = label_files.uvd_tables(root)
    else:
        uvd = _labelled(nyu.joints_uvd(test), NYU36)
    joints = tuple(range(36)) if full else NYU36.evaluated
    return np.ascontiguousarray(uvd[:, joints]), joints


def _icvl(root: Path) -> tuple[Uvd, tuple[str, ...]]:
    """The 16 joints of ICVL: the text, or the native files in their order."""
    text = _text(root)
    if text:
        return _checked(text, 16), ()
    parts, names = [], []
    for path in icvl.test_files(root):
        named, uvd = label_files.named_uvd(path, 16, gaps=True)
        label_files.check_depths(path, uvd)
        parts.append(_labelled(uvd, ICVL16))
        names += named
    if not parts:
        raise _nothing("icvl", root)
    return np.concatenate(parts), tuple(names)


def _msra(root: Path) -> tuple[JointsMm, tuple[str, ...]]:
    """The 21 joints of MSRA: of one file, a subject's, or all subjects' sequences."""
    parts, names = [], []
    for path in msra.label_files_of(root):
        joints_mm = label_files.msra_joints(path, gaps=True)
        label_files.check_depths(path, joints_mm)
        parts.append(_labelled(joints_mm, HAND21))
        folder = path.parent.relative_to(root)
        names += [str(folder / f"{row:06d}_depth.bin") for row in range(len(joints_mm))]
    if not parts:
        raise _nothing("msra", root)
    return np.concatenate(parts), tuple(names)


def _text(root: Path) -> Path | None:
    """The one file of ground truth that lies in the folder."""
    found = sorted(
        path
        for end in (".txt", ".txt.gz")
        for path in root.glob(f"*groundtruth_label*{end}")
        if not path.name.startswith(".")
    )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ValueError(
            f"{root} must hold one *groundtruth_label* file, and holds {names[:200]}."
        )
    return found[0] if found else None


def _checked(path: Path, joints: int) -> Uvd:
    uvd = label_files.uvd_text(path, joints)
    label_files.check_depths(path, uvd)
    return uvd


def _labelled(points: Uvd, skeleton: Skeleton) -> Uvd:
    """All joints of some frames, NaN in the frames that have no label."""
    known = has_label(points, skeleton.root)[:, None, None]
    return np.where(known, points, np.nan)


def _nothing(kind: str, root: Path) -> ValueError:
    return ValueError(f"{root} must hold {ACCEPTED[kind]}, and holds none of them.")
