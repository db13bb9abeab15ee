"""Whether predictions mean what they were said to mean, held against the labels.

Pixels read as millimetres, metres as millimetres or a turned axis give an error that
looks like one of a bad model. It is told from one by this: read in another way the
same numbers lie near the labels.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cnets import geometry, metrics
from cnets.cameras import Camera
from cnets.data.crops.centre import FARTHEST_MM, NEAREST_MM
from cnets.geometry import CUBE_MM


FAR_MM = CUBE_MM / 4
"""Median error up to which nothing is suspected; the mean pose has about 50."""

TIMES_NEARER = 4.0
"""How much nearer to the labels another reading must lie to be the right one."""

UNITS_MM = {
    1.0: "mm",
    10.0: "cm",
    1000.0: "metres",
    0.125: "eighths of a mm",
    0.1: "tenths of a mm",
    0.001: "micrometres",
}
"""Units that programs write."""

AXES: dict[tuple[int, int, int], str] = {
    (1, 1, 1): "",
    (1, -1, 1): ", y down",
    (1, 1, -1): ", z towards the viewer",
    (1, -1, -1): ", y down and z towards the viewer",
    (-1, 1, 1): ", x to the left",
}
"""Signs of x, y and z that others use."""


def to_mm(points: Tensor, unit: str, camera: Camera) -> Tensor:
    """Predictions in millimetres of the camera frame, y up.

    Args:
        points: [frames, joints, 3], as a file has them.
        unit: `uvd` or `xyz`.
        camera: The camera of the frames.
    """
    return points if unit == "xyz" else geometry.to_mm_from_uvd(points, camera)


def check(
    path: Path, points: np.ndarray, known_mm: np.ndarray, unit: str, camera: Camera
) -> None:
    """Refuse predictions that are in another unit or about other axes.

    Args:
        path: Their file, for the error.
        points: float64 [frames, joints, 3], as the file has them.
        known_mm: float64, the labels likewise; NaN where a joint is not known.
        unit: How they are read: `uvd` or `xyz`.
        camera: The camera of the labels.

    Raises:
        ValueError: If another reading lies near the labels and this one does not, or
            the hands are out of reach.
    """
    given, labels = torch.from_numpy(points), torch.from_numpy(known_mm)

    def median_mm(rows: Tensor, way: str) -> float:
        errors = metrics.joint_errors(to_mm(rows, way, camera), labels)
        return float(errors.nanmedian())

    plain = median_mm(given, unit)
    if not plain > FAR_MM:
        return
    found = {words: median_mm(rows, way) for words, rows, way in _readings(given)}
    best = min(found, key=lambda words: found[words])
    says = f"{path} must hold {_words(unit, 'mm')}, as `--unit {unit}` or the file says"
    if found[best] <= min(FAR_MM, plain / TIMES_NEARER):
        raise ValueError(
            f"{says}, and the middle error is {plain:.0f} mm so, but "
            f"{found[best]:.1f} mm if it holds {best}."
        )
    depth = float(np.median(points[..., 2]))
    if not NEAREST_MM <= depth <= FARTHEST_MM:
        raise ValueError(
            f"{says}, with hands {NEAREST_MM:g} to {FARTHEST_MM:g} mm away, and the "
            f"middle depth is {depth:g}: likely it is in another unit."
        )


def _readings(points: Tensor) -> Iterator[tuple[str, Tensor, str]]:
    """Other ways to read the numbers: words, numbers and unit of each."""
    for unit_mm, words in UNITS_MM.items():
        scale = points.new_tensor([1, 1, unit_mm])
        yield _words("uvd", words), points * scale, "uvd"
    for (unit_mm, words), (signs, axes) in product(UNITS_MM.items(), AXES.items()):
        rows = points * points.new_tensor(signs) * unit_mm
        yield _words("xyz", words) + axes, rows, "xyz"


def _words(unit: str, unit_words: str) -> str:
    if unit == "uvd":
        return f"u and v in pixels and depth in {unit_words}"
    return f"x, y and z in {unit_words}"
