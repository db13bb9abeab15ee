"""The centre of a hand, found in the depth frame alone.

The hand is taken to be the first large thing in front of the camera. Where
labels or a file of centres are there, readers use those instead.

Source:
    Released code of Wan et al. 2017, after the detector of Oberweger et al.
    2015, arXiv:1502.06807.
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from cnets.cameras import Camera
from cnets.data.crops import crop
from cnets.data.crops.crop import FrameMm, Uvd
from cnets.geometry import CUBE_MM


NEAREST_MM, FARTHEST_MM = 10.0, 1500.0
"""Depths between which a hand is looked for."""

SLICES = 20
"""Equal slices of that range, searched from near to far."""

LEAST_PX = 200
"""Pixels that a connected part of a slice must exceed to be a hand."""

WINDOW_PX = 200
"""Side of the window about that part in which the first centre is taken."""

REFINEMENTS = 5
"""How often the centre moves to the middle of what its cube holds."""

LEAST_MM = 25.0
"""Side of a square with the least area of a hand; frames in centimetres have less."""

WALL_SHARE, WALL_MM = 0.95, 6.0
"""What fills that share of its cube's window and is a plane but for so much is a wall."""

FALLBACK_MM = 500.0
"""Depth of the centre, on the camera's axis, where nothing is found."""

PartMm = Float[np.ndarray, "part_height part_width"]
"""A part of a frame, millimetres."""


def find(frame_mm: FrameMm, camera: Camera) -> Uvd:
    """Centre of the hand, for a frame that must have one.

    Args:
        frame_mm: The whole frame, 0 where nothing was seen.
        camera: The frame's camera.

    Returns:
        As `found` gives it; the principal point at `FALLBACK_MM` if there is no hand.
    """
    centre = found(frame_mm, camera)
    if centre is None:
        return np.array([camera.cx, camera.cy, FALLBACK_MM], np.float32)
    return centre


def found(frame_mm: FrameMm, camera: Camera) -> Uvd | None:
    """Centre of the hand if there is one: u, v in pixels, depth in millimetres.

    Only depths from `NEAREST_MM` to `FARTHEST_MM` are looked at.

    Args:
        frame_mm: The whole frame, 0 where nothing was seen.
        camera: The frame's camera.

    Returns:
        float32; None if nothing is large enough, or what is there is as small as no
        hand or as flat and wide as a wall.
    """
    seen = (frame_mm >= NEAREST_MM) & (frame_mm <= FARTHEST_MM)
    seen_mm = np.where(seen, frame_mm, 0)
    centre = _first_large(seen_mm)
    if centre is None:
        return None
    for _ in range(REFINEMENTS):
        moved = _mass(*_held(seen_mm, centre, camera))
        if moved is None:
            break
        centre = moved
    if not _like_a_hand(_held(seen_mm, centre, camera)[0], centre[2], camera):
        return None
    return centre.astype(np.float32)


def _like_a_hand(part: PartMm, depth_mm: float, camera: Camera) -> bool:
    """Whether what a cube holds is large enough, and neither fills it nor is flat."""
    v, u = np.nonzero(part)
    area_mm2 = len(u) * depth_mm**2 / (camera.fx * camera.fy)
    if not area_mm2 >= LEAST_MM**2:
        return False
    if len(u) < WALL_SHARE * part.size:
        return True
    plane = np.stack([u, v, np.ones_like(u)], 1).astype(float)
    depths = part[v, u].astype(float)
    fitted = plane @ np.linalg.lstsq(plane, depths, rcond=None)[0]
    return bool(np.sqrt(np.mean((depths - fitted) ** 2)) > WALL_MM)


def _first_large(frame_mm: FrameMm) -> np.ndarray | None:
    """Middle of the nearest slice's first part that is large enough."""
    depths = frame_mm[frame_mm > 0]
    if not len(depths):
        return None
    nearest, farthest = float(depths.min()), float(depths.max())
    edges = np.linspace(NEAREST_MM, max(farthest, NEAREST_MM), SLICES + 1)
    for near, far in pairwise(edges):
        if far < nearest:
            continue
        within = (frame_mm >= near) & (frame_mm <= far) & (frame_mm > 0)
        if np.count_nonzero(within) <= LEAST_PX:
            continue
        parts = np.empty(within.shape, np.int32)
        ndimage.label(within, np.ones((3, 3)), output=parts)
        sizes = np.bincount(parts.ravel())[1:]
        large = np.flatnonzero(sizes > LEAST_PX)
        if len(large):
            v, u = np.nonzero(parts == large[0] + 1)
            around = _around(u.mean(), v.mean())
            return _mass(*_part(frame_mm * within, around))
    return None


def _around(u: float, v: float) -> tuple[int, int, int, int]:
    """The window about a pixel."""
    half = WINDOW_PX // 2
    return int(u) - half, int(v) - half, int(u) + half, int(v) + half


def _held(
    frame_mm: FrameMm, centre: np.ndarray, camera: Camera
) -> tuple[PartMm, tuple[int, int]]:
    """What the cube about a centre holds, 0 elsewhere, and its left upper corner."""
    front, back = centre[2] - CUBE_MM / 2, centre[2] + CUBE_MM / 2
    part, corner = _part(frame_mm, crop.window(centre, camera))
    return np.where((part >= front) & (part <= back), part, 0), corner


def _part(
    frame_mm: FrameMm, limits: tuple[int, int, int, int]
) -> tuple[PartMm, tuple[int, int]]:
    """What of a frame lies within limits, and its left upper corner."""
    left, top = max(limits[0], 0), max(limits[1], 0)
    right, bottom = max(limits[2], 0), max(limits[3], 0)
    return frame_mm[top:bottom, left:right], (left, top)


def _mass(part: PartMm, corner: tuple[int, int]) -> np.ndarray | None:
    """Mean u, v and depth of the pixels of a part that are not 0."""
    v, u = np.nonzero(part)
    if not len(u):
        return None
    left, top = corner
    return np.array([left + u.mean(), top + v.mean(), part[v, u].mean()])
