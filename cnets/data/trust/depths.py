"""Whether depths of frames and labels are in the unit that is said."""

from collections.abc import Iterator

import numpy as np

from cnets.data.crops import centre
from cnets.data.trust import finding, measures
from cnets.data.trust.finding import HIGH, LOW, Finding
from cnets.data.trust.looking import Frames, Look
from cnets.data.trust.suppositions import UNITS, Supposed, near_unit


APART = 1.5
"""No other unit is nearer to a millimetre than this factor; an offset may be."""

NEAREST_MM = 100.0
"""No hand is nearer to a depth camera."""

SMALLEST_MM, LARGEST_MM = 20.0, 700.0
"""Diagonal of the box about a hand's joints, with much to spare at both ends."""

FEW_JOINTS = 5
"""Joints under which a hand may seem smaller than it is."""


def units(
    frames: Frames, looks: list[Look], supposed: Supposed | None
) -> Iterator[Finding]:
    """Depths that are all too large or too small."""
    if not any(look.known.any() for look in looks):
        yield from _range(frames, looks)
        return
    size = list(_size(frames, looks))
    yield from size
    if not size and supposed is not None and _is_another_unit(supposed):
        look = next(look for look in looks if look.known.any())
        assert frames.joints_uvd is not None
        told = float(np.median(frames.joints_uvd[look.row][look.known, 2]))
        times = near_unit(supposed.factor)
        units = UNITS.get(times, "another unit")
        likely = f"the frames hold {units}"
        if not NEAREST_MM <= told <= centre.FARTHEST_MM:
            likely = f"the labels of {frames.name} are in another unit"
        yield finding.refusal(
            f"{frames.files[look.row]} must hold millimetres as its label does, and "
            f"depths are {times:.4g} times those of the labels (a joint at {told:.0f} mm): "
            f"{likely}; {finding.percent(supposed.plain)} of the joints lie on the hand, and "
            f"{finding.percent(supposed.scaled)} with the depths divided by {times:.4g}."
        )


def _size(frames: Frames, looks: list[Look]) -> Iterator[Finding]:
    """Labels of no hand's size or place, though frames may agree with them."""
    assert frames.joints_uvd is not None
    rows = [look.row for look in looks if look.known.any()]
    points = measures.points_mm(frames.joints_uvd[rows], frames.camera)
    depth = float(np.nanmedian(points[..., 2]))
    sides = np.nanmax(points, 1) - np.nanmin(points, 1)
    size = float(np.median(np.linalg.norm(sides, axis=1)))
    small = size < SMALLEST_MM and points.shape[1] >= FEW_JOINTS
    if depth < NEAREST_MM or small or size > LARGEST_MM:
        yield finding.refusal(
            f"The labels of {frames.name} must be of hands {NEAREST_MM:g} mm or more away "
            f"and {SMALLEST_MM:g} to {LARGEST_MM:g} mm long, and that of "
            f"{frames.files[rows[0]]} and others lie at about {depth:.4g} mm and are "
            f"{size:.4g} mm long: the labels are in another unit, or of another camera."
        )


def _is_another_unit(supposed: Supposed) -> bool:
    apart = max(supposed.factor, 1 / supposed.factor) > APART
    return supposed.plain < LOW and supposed.scaled > HIGH and apart


def _range(frames: Frames, looks: list[Look]) -> Iterator[Finding]:
    """The same where no label says how far away the hand is."""
    near = np.array([look.nearest_mm for look in looks])
    seen = np.flatnonzero(np.isfinite(near))
    if not len(seen):
        return
    middle = float(np.median(near[seen]))
    path = frames.files[looks[seen[0]].row]
    far = (near[seen] > centre.FARTHEST_MM).all()
    if not far and middle >= NEAREST_MM:
        return
    likely = [
        f"{UNITS[unit]} ({middle / unit:.0f} mm with +unit={1 / unit:g})"
        for unit in UNITS
        if NEAREST_MM <= middle / unit <= centre.FARTHEST_MM
    ]
    yield finding.refusal(
        f"{path} must show a hand {NEAREST_MM:g} to {centre.FARTHEST_MM:g} mm away, and "
        f"the nearest things of the {len(seen)} frames that were looked at lie at about "
        f"{middle:.4g}: depths in {' or '.join(likely) or 'another unit'}, or no hand."
    )
