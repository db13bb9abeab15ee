"""With which unit and signs the first label lies on the frame that it is of."""

from pathlib import Path
from typing import Any

import numpy as np

from cnets.cameras import Camera
from cnets.data.files import frame_files
from cnets.data.readers.folder import guessed_joints, values
from cnets.data.readers.folder.tables import Table


UNITS_MM = (1.0, 0.1, 0.125, 0.25, 1000.0, 10.0, 0.001)
"""Millimetres of one step of depth that frames come with, the likeliest first."""

GAIN = 0.3
"""How much larger the share on the hand must be for a unit that is not the likeliest."""


def look(
    folder: Path, table: Table, known: dict[str, Any], *, unit_is_known: bool
) -> tuple[dict[str, Any], float]:
    """Axes and unit of the frames with which most joints lie on what is shown.

    Args:
        folder: Holds the frames.
        table: Its first row with joints and a frame that can be read is looked at.
        known: What is guessed up to here, by key.
        unit_is_known: Whether `frames.unit_mm` is not to be changed.

    Returns:
        `joints.axes` and `frames.unit_mm`, and the share of joints, 0 to 1; nothing if
        there is no y to turn.
    """
    axes: list[str] = known["joints.axes"]
    row, joints_mm = guessed_joints.first_mm(table, known)
    steps = _steps(folder, table, row, known)
    if "y" not in axes or steps is None or not len(joints_mm):
        return {}, 0.0
    away = 1 if np.median(joints_mm[:, 2]) > 0 else -1
    given: float = known["frames.unit_mm"]
    units = (given,) if unit_is_known else (given, *UNITS_MM)
    seen = np.isfinite(steps) & ~np.isin(steps, known["frames.nothing"])
    best, fitted = -1.0, (1, given)
    for unit_mm in units:
        for sign in (-1, 1):
            points = joints_mm * [1, sign, away]
            share = _share(points, np.where(seen, steps * unit_mm, np.nan), known)
            if share > best + (GAIN if unit_mm != fitted[1] and best >= 0 else 0):
                best, fitted = share, (sign, unit_mm)
    minus = {"y": fitted[0] < 0, "z": away < 0}
    turned = [f"-{axis}" if minus.get(axis) else axis for axis in axes]
    return {"joints.axes": turned, "frames.unit_mm": fitted[1]}, best


def _steps(
    folder: Path, table: Table, row: int, known: dict[str, Any]
) -> np.ndarray | None:
    """The numbers of a row's frame; None if it cannot be read."""
    where = folder / known["frames.folder"]
    try:
        files = values.files(table, known["table.frame"], known["frames.name"], where)
        steps = frame_files.numbers(files[row])
    except ValueError:
        return None
    channels = known.get("frames.channels")
    return steps[..., :3] @ np.array(channels) if steps.ndim == 3 else steps


def _share(joints_mm: np.ndarray, depth_mm: np.ndarray, known: dict[str, Any]) -> float:
    """Share of joints that lie at the depth of the pixel that shows them."""
    camera: Camera = known["camera"]
    x, y, z = joints_mm.T
    with np.errstate(all="ignore"):
        u = np.rint(camera.cx + camera.fx * x / z)
        v = np.rint(camera.cy - camera.fy * y / z)
    height, width = depth_mm.shape
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    found = depth_mm[v[inside].astype(int), u[inside].astype(int)]
    near = np.abs(found - z[inside]) < guessed_joints.NEAR_MM
    return float(near.sum()) / len(joints_mm)
