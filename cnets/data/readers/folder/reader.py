"""Any data set: the frames and labels of a folder that `dataset.toml` describes.

The order of the table is the order of time. Frames are opened here only where the
labels are pixels without a depth, which is then read below each of them.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnets.cameras import Camera
from cnets.data.files import label_files
from cnets.data.readers import recording as shared
from cnets.data.readers.folder import description, tables, values, ways
from cnets.data.readers.folder.description import Description
from cnets.data.readers.folder.keys import Points
from cnets.data.readers.folder.tables import Table
from cnets.data.readers.recording import Recording


def recording(
    folder: Path, *, centres: str, mirrored: bool = False, skip_missing: bool = False
) -> Recording:
    """The frames and labels of a folder.

    Args:
        folder: Holds `dataset.toml`, a table, and frames.
        centres: `auto` is what the description says, `labels` the mean of the joints
            that are known, `depth` what the frames show.
        mirrored: Whether the hands are left ones that are to become right ones.
        skip_missing: Whether rows whose frame is missing are left out.

    Raises:
        ValueError: If the folder, the description, the table or a frame is missing or
            damaged, or a row says something that cannot be.
    """
    told = description.read(folder)
    table = tables.read(folder / told.table, told.table_form)
    _check_columns(table, told)
    table, files, lost = _frames(table, told, folder, skip_missing)
    joints_mm = _joints(table, told, files)
    turned = _turned(table, told)
    if mirrored and turned is not None:
        raise ValueError(
            f"`data` must be without +mirror where a column says which hand it is "
            f"({told.path}): left hands become right ones already."
        )
    groups = {
        name: values.groups(table, column)
        for name, column in (("person", told.person), ("sequence", told.sequence))
        if column
    }
    found = ways.of(table, told, groups)
    person = groups.get("person", groups.get("sequence"))
    if person is None:
        person = np.zeros(len(files), np.int32)
    return Recording(
        name="folder",
        skeleton=told.skeleton,
        camera=told.camera,
        files=files,
        joints_mm=joints_mm.astype(np.float32),
        centres_uvd=_centres(table, told, joints_mm, centres),
        centres=_source(told, centres),
        person=person,
        splits=found,
        mirrored=mirrored,
        hand=told.hand,
        background_mm=None,
        form=told.form,
        turned=turned,
        notes=told.notes(),
        skipped={"file missing": lost} if lost else {},
        settings=_settings(told, person, found),
    )


def _frames(
    table: Table, told: Description, folder: Path, skip_missing: bool
) -> tuple[Table, tuple[Path, ...], int]:
    """The rows whose frames are there, their files, and how many are not."""
    files = values.files(table, told.frame, told.name, folder / told.folder)
    there = [path.is_file() for path in files]
    lost = [row for row, held in enumerate(there) if not held]
    if not lost:
        return table, files, 0
    if not skip_missing or len(lost) == len(files):
        raise ValueError(
            f"{table.path} names {files[lost[0]]} {table.where(lost[0])}, and there is no "
            f"such file ({len(lost)} of {len(files)} are missing); --skip-missing leaves such "
            "frames out."
        )
    kept = replace(
        table,
        rows=[row for row, held in zip(table.rows, there, strict=True) if held],
        places=[place for place, held in zip(table.places, there, strict=True) if held],
    )
    held = tuple(path for path, sound in zip(files, there, strict=True) if sound)
    return kept, held, len(lost)


def _check_columns(table: Table, told: Description) -> None:
    """Refuse a description that names columns the table lacks."""
    wanted = {
        "table.frame": (told.frame,),
        "table.person": (told.person,),
        "table.sequence": (told.sequence,),
        "joints.columns": told.joints.columns,
        "centres.columns": told.centre.columns if told.centre else (),
        "hand.column": (told.hand_column,),
        "split.column": (told.split_column,),
    }
    named = {key: tuple(filter(None, names)) for key, names in wanted.items()}
    values.check_columns(table, named)
    for way in ("person", "sequence"):
        if told.split == way and not getattr(told, way):
            raise ValueError(
                f"{told.path} `split.by` is {way!r}, so `table.{way}` must name the "
                "column of it, and does not."
            )


def _joints(table: Table, told: Description, files: tuple[Path, ...]) -> np.ndarray:
    """Joints in millimetres, camera frame, y up; float64 [frames, joints, 3]."""
    names = told.skeleton.joint_names
    held = values.points(table, told.joints, len(names), told.missing)
    if told.joints.kind == "uv":
        held = _with_depth(held, told, files)
        how = replace(told.joints, axes=("u", "v", "d"), unit_mm=1.0)
    else:
        how = told.joints
    joints_mm = _to_mm(held, how, told.camera)
    near = np.argwhere(joints_mm[..., 2] < label_files.NEAREST_MM)
    if len(near):
        row, joint = map(int, near[0])
        raise ValueError(
            f"{table.path} must have joints {label_files.NEAREST_MM:g} mm or more in "
            f"front of the camera, got {joints_mm[row, joint, 2]:g} mm for "
            f"{names[joint]} {table.where(row)}; are `joints.axes`, `unit_mm` and "
            "`missing` right?"
        )
    return joints_mm


def _to_mm(held: np.ndarray, how: Points, camera: Camera) -> np.ndarray:
    """Points of the camera frame from the numbers of a table."""
    first, second, third = (held[..., how.axes.index(axis)] for axis in how.kind)
    if how.kind == "xyz":
        return np.stack([first, second, third], -1) * how.unit_mm
    uvd = np.stack([first, second, third * how.unit_mm], -1)
    return shared.to_mm(uvd, camera)


def _with_depth(
    held: np.ndarray, told: Description, files: tuple[Path, ...]
) -> np.ndarray:
    """Pixels with the depth that the frame has below each; NaN where it has none.

    A joint that is labelled but hidden (`visible` 1) has no depth either: what the
    frame shows there is in front of it.
    """
    axes = told.joints.axes
    u, v = (held[..., axes.index(axis)] for axis in "uv")
    known = np.isfinite(u) & np.isfinite(v)
    if "visible" in axes:
        known &= held[..., axes.index("visible")] > 1
    rows = np.flatnonzero(known.any(1))
    depth_mm = np.full(u.shape, np.nan)
    with ThreadPoolExecutor() as pool:
        frames = pool.map(lambda row: told.form.read(files[row]), rows)
        for row, frame_mm in zip(rows, frames, strict=True):
            height, width = frame_mm.shape
            at_u, at_v = (
                np.rint(np.nan_to_num(axis[row], nan=-1.0)) for axis in (u, v)
            )
            inside = known[row] & (at_u >= 0) & (at_u < width)
            inside &= (at_v >= 0) & (at_v < height)
            below = frame_mm[at_v[inside].astype(int), at_u[inside].astype(int)]
            depth_mm[row, inside] = np.where(below > 0, below + told.behind_mm, np.nan)
    lost = np.isnan(depth_mm)
    uvd = np.stack([u, v, depth_mm], -1)
    return np.where(lost[..., None], np.nan, uvd)


def _turned(table: Table, told: Description) -> np.ndarray | None:
    """Whether each hand is a left one; None where all are of one side."""
    if not told.hand_column:
        return None
    hands = values.words(table, told.hand_column, values.HANDS, "right or left")
    return np.array([hand == "left" for hand in hands])


def _source(told: Description, centres: str) -> str:
    """Where centres come from, in the words of a recording."""
    wanted = told.centres if centres == "auto" else centres
    return "file" if wanted == "columns" else wanted


def _centres(
    table: Table, told: Description, joints_mm: np.ndarray, centres: str
) -> np.ndarray | None:
    """Centres of all frames, float32 [frames, 3]; None to find them in the frames.

    A row of NaN has none: it is to be found in the frame.
    """
    wanted = told.centres if centres == "auto" else centres
    if wanted == "depth":
        return None
    if wanted == "labels":
        known = np.isfinite(joints_mm[..., 2:])
        total = np.where(known, joints_mm, 0).sum(1)
        count = known.sum(1)
        means = np.divide(
            total, count, out=np.full(total.shape, np.nan), where=count > 0
        )
        return shared.to_uvd(means[:, None], told.camera)[:, 0].astype(np.float32)
    if told.centre is None:
        raise ValueError(
            f"`data` must be without +{centres}, because {told.path} names no columns of "
            "centres."
        )
    held = values.points(table, told.centre, 1, (0.0,))
    points_mm = _to_mm(held, told.centre, told.camera)
    near = np.argwhere(points_mm[:, 0, 2] < label_files.NEAREST_MM)
    if len(near):
        row = int(near[0][0])
        raise ValueError(
            f"{table.path} must have centres {label_files.NEAREST_MM:g} mm or more in "
            f"front of the camera, got {points_mm[row, 0, 2]:g} mm {table.where(row)}."
        )
    return shared.to_uvd(points_mm, told.camera)[:, 0].astype(np.float32)


def _settings(
    told: Description, person: np.ndarray, found: dict[str, np.ndarray]
) -> str:
    """SHA-256 of what numbers depend on and arrays of frames and joints do not show."""
    digest = hashlib.sha256(repr((told.form, told.hand, told.hand_column)).encode())
    for name, split in found.items():
        digest.update(name.encode())
        digest.update(split.tobytes())
    digest.update(person.tobytes())
    return digest.hexdigest()
