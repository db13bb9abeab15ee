"""What one depth frame says about the joints and the centre that go with it.

A joint lies on or beside the hand if within `BESIDE_MM` of it in the image, and at
least `BESIDE_PX` pixels, a pixel lies at most `IN_FRONT_MM` in front of the joint
and `BEHIND_MM` behind it: a joint is inside the flesh, and a finger may cover it.
"""

import numpy as np
from jaxtyping import Bool, Float

from cnets.cameras import Camera
from cnets.data.crops import crop
from cnets.data.crops.crop import FrameMm, Uvd
from cnets.geometry import CUBE_MM


JointsUvd = Float[np.ndarray, "joints 3"]
"""u, v in pixels and depth in millimetres; NaN where a joint is not known."""

BESIDE_MM, BESIDE_PX, FARTHEST_PX = 10.0, 2, 32
"""How far beside a joint a pixel may lie, and within which limits in pixels."""

IN_FRONT_MM, BEHIND_MM = 60.0, 20.0
"""How far in front of a joint, and how far behind it, a pixel may lie."""

STEPS = 4
"""Pixels that are looked at between a joint and the edge of its neighbourhood."""

LEAST_MM2 = 500.0
"""Surface in the cube under which no hand is seen; a fingertip has about 300."""

ROUGH_TIMES = 4.0
"""A file is swapped if its neighbouring pixels differ so many times more than turned."""

ROWS_APART = 4
"""One of so many rows is enough to see the order of bytes."""

LEAST_PAIRS = 100
"""Fewest pairs of neighbours that say something about the order of bytes."""

ANYTHING = (2001.0, 32001.0)
"""What sensors write where nothing was seen."""


def on_hand(
    frame_mm: FrameMm, joints_uvd: JointsUvd, camera: Camera
) -> Bool[np.ndarray, " joints"]:
    """Which joints lie on or beside the hand; False for one that is not known."""
    nearby = _nearby(frame_mm, joints_uvd, camera) - joints_uvd[:, None, 2]
    within = (nearby >= -IN_FRONT_MM) & (nearby <= BEHIND_MM)
    return np.asarray(within.any(1))


def surface_mm(
    frame_mm: FrameMm, joints_uvd: JointsUvd, camera: Camera
) -> Float[np.ndarray, " joints"]:
    """Nearest depth beside each joint; NaN where nothing was seen."""
    nearby = _nearby(frame_mm, joints_uvd, camera)
    lowest = np.where(np.isnan(nearby), np.inf, nearby).min(1)
    return np.where(np.isinf(lowest), np.nan, lowest)


def in_cube(
    joints_uvd: JointsUvd, centre_uvd: Uvd, camera: Camera
) -> Bool[np.ndarray, " joints"]:
    """Which joints the cube of the crop holds; False for one that is not known."""
    offsets = points_mm(joints_uvd, camera) - points_mm(centre_uvd, camera)
    return np.asarray((np.abs(offsets) <= CUBE_MM / 2).all(-1))


def points_mm(
    uvd: Float[np.ndarray, "... 3"], camera: Camera
) -> Float[np.ndarray, "... 3"]:
    """Points of the camera frame, y up."""
    u, v, depth = np.moveaxis(uvd.astype(np.float64), -1, 0)
    x, y = (u - camera.cx) * depth / camera.fx, (camera.cy - v) * depth / camera.fy
    return np.stack([x, y, depth], -1)


def pixels_uvd(
    points: Float[np.ndarray, "... 3"], camera: Camera
) -> Float[np.ndarray, "... 3"]:
    """The inverse of `points_mm`."""
    x, y, depth = np.moveaxis(points, -1, 0)
    u, v = camera.cx + x * camera.fx / depth, camera.cy - y * camera.fy / depth
    return np.stack([u, v, depth], -1)


def hand_mm(
    frame_mm: FrameMm, centre_uvd: Uvd, camera: Camera
) -> Float[np.ndarray, " pixels"]:
    """Depths of the pixels in the cube of the crop."""
    left, top, right, bottom = crop.window(centre_uvd, camera)
    part = frame_mm[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    near = (part > 0) & (np.abs(part - centre_uvd[2]) <= CUBE_MM / 2)
    return np.asarray(part[near])


def area_mm2(depths_mm: Float[np.ndarray, " pixels"], camera: Camera) -> float:
    """Surface that pixels cover, seen straight on."""
    return float((depths_mm.astype(np.float64) ** 2).sum() / (camera.fx * camera.fy))


def turned(frame_mm: FrameMm) -> FrameMm:
    """The frame with the two bytes of each pixel in the other order."""
    swapped = frame_mm.astype(np.uint16).byteswap().astype(np.float32)
    return np.where(np.isin(swapped, ANYTHING), np.float32(0), swapped)


def is_swapped(frame_mm: FrameMm) -> bool:
    """Whether the bytes of a 16-bit file are in the wrong order.

    Neighbouring pixels of a surface differ by little. In the wrong order of bytes
    the smallest difference becomes 256.
    """
    some = frame_mm[::ROWS_APART]
    if some.max(initial=0) > 65535 or (some % 1).any():
        return False
    plain, other = _roughness(some), _roughness(turned(some))
    return plain is not None and other is not None and plain > ROUGH_TIMES * other


def _roughness(frame_mm: FrameMm) -> float | None:
    """Middle difference of neighbours that differ; None if there are too few."""
    left, right = frame_mm[:, :-1], frame_mm[:, 1:]
    differences = np.abs(left - right)[(left > 0) & (right > 0) & (left != right)]
    return float(np.median(differences)) if len(differences) >= LEAST_PAIRS else None


def _nearby(
    frame_mm: FrameMm, joints_uvd: JointsUvd, camera: Camera
) -> Float[np.ndarray, "joints places"]:
    """Depths beside each joint; NaN where nothing was seen."""
    height, width = frame_mm.shape
    known = np.isfinite(joints_uvd).all(1) & (joints_uvd[:, 2] > 0)
    depth = float(np.median(joints_uvd[known, 2])) if known.any() else 1.0
    radius = np.clip(BESIDE_MM * camera.fx / depth, BESIDE_PX, FARTHEST_PX)
    steps = np.linspace(-radius, radius, 2 * STEPS + 1)
    du, dv = (grid.ravel() for grid in np.meshgrid(steps, steps))
    round_ = np.hypot(du, dv) <= radius * 1.001
    middle = np.where(known[:, None], joints_uvd[:, :2], -FARTHEST_PX * 4.0)
    middle = np.clip(middle, -1e6, 1e6)
    u = np.floor(middle[:, :1] + du[round_]).astype(int)
    v = np.floor(middle[:, 1:] + dv[round_]).astype(int)
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    found = frame_mm[np.where(inside, v, 0), np.where(inside, u, 0)]
    return np.where(inside & (found > 0), found, np.nan)
