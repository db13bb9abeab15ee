"""From a depth frame to the crop that the networks see: the one pipeline.

Training on recorded frames, prediction and evaluation all come through here.
Rendered hands are rendered as crops, and only `normalised` here.
"""

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from cnets.cameras import Camera
from cnets.geometry import BEHIND_MM, CUBE_MM


FrameMm = Float[np.ndarray, "height width"]
"""One depth frame, millimetres; 0 where nothing was seen."""

Uvd = Float[np.ndarray, "3"]
"""A point of an image: u and v in pixels, depth in millimetres."""


def crop(
    frame_mm: FrameMm, centre_uvd: Uvd, camera: Camera, side_px: int
) -> Float[np.ndarray, "side side"]:
    """The crop of a hand in [-1, 1]: nearest pixel -1, background +1.

    The longer side of the window fills the crop; each pixel is the one at its
    upper left corner, and the shorter side is centred.

    Args:
        frame_mm: The whole frame.
        centre_uvd: Centre of the cube, in front of the camera.
        camera: The frame's camera.
        side_px: Side of the crop.

    Returns:
        float32; all +1 where the cube is empty.

    Raises:
        ValueError: If the centre does not lie in front of the camera.
    """
    left, top, right, bottom = window(centre_uvd, camera)
    height, width = frame_mm.shape
    row, v = _sampled(top, bottom, right - left, side_px, height)
    column, u = _sampled(left, right, bottom - top, side_px, width)
    square, edge = np.zeros((1, side_px, side_px), np.float32), max(left, 0)
    part = frame_mm[v, edge:right].take(u - edge, 1)
    square[0, row : row + len(v), column : column + len(u)] = part
    return normalised(square, np.array(centre_uvd[2:], np.float32))[0]


def normalised(
    depth_mm: Float[np.ndarray, "batch side side"],
    centre_depth_mm: Float[np.ndarray, " batch"],
) -> Float[np.ndarray, "batch side side"]:
    """Depth crops as the networks see them.

    What is nearer than the cube is moved to its front, what is farther is
    background. The nearest pixel becomes -1, background +1; a pixel at the
    largest depth of the foreground is background too, as in the released code.

    Args:
        depth_mm: Crops; 0 where nothing was seen.
        centre_depth_mm: Depth of the cubes' centres.

    Returns:
        Values in [-1, 1]; all +1 where a crop is empty.

    Source:
        Released code of Wan et al. 2017: -1 + 2 (z - z_min) /
        (z_max - (d - 125) + 10).
    """
    front = (centre_depth_mm - CUBE_MM / 2)[:, None, None]
    back = front + CUBE_MM
    seen = np.where(depth_mm <= back, depth_mm, 0)
    held = np.where(seen > 0, np.maximum(seen, front), back)
    nearest = held.min((1, 2), keepdims=True)
    farthest = np.maximum(seen.max((1, 2), keepdims=True), front)
    values = -1 + 2 * (held - nearest) / (farthest - front + BEHIND_MM)
    return np.where(held < farthest, values, 1)


def mirrored(
    frame_mm: FrameMm, centre_uvd: Uvd, camera: Camera
) -> tuple[FrameMm, Uvd, Camera]:
    """The same scene with left and right turned round: a left hand as a right one.

    The camera's principal point moves along, so points of the camera frame only
    change the sign of x.

    Source:
        A pixel's middle is at a whole number in the labels of the data sets, so
        column u becomes width - 1 - u.
    """
    last = frame_mm.shape[1] - 1
    u, v, depth = (float(number) for number in centre_uvd)
    return (
        np.ascontiguousarray(frame_mm[:, ::-1]),
        np.array([last - u, v, depth], np.float32),
        mirrored_camera(camera, frame_mm.shape[1]),
    )


def mirrored_camera(camera: Camera, width_px: int | None = None) -> Camera:
    """The camera that sees the same scene with left and right turned round."""
    last = (width_px or camera.width_px) - 1
    return replace(camera, cx=last - camera.cx)


def window(centre_uvd: Uvd, camera: Camera) -> tuple[int, int, int, int]:
    """Which pixels of a frame the cube's middle covers: left, top, right, bottom.

    The last two are excluded; the window may reach beyond the frame.

    Source:
        Released code of Wan et al. 2017: both limits are rounded down, and each
        axis has its own focal length.
    """
    u, v, depth = (float(number) for number in centre_uvd)
    if not (depth > 0 and all(map(math.isfinite, (u, v, depth)))):
        raise ValueError(
            f"`center` must be finite and have a depth above 0 mm, got {u}, {v}, {depth}."
        )
    half_u, half_v = CUBE_MM / 2 * camera.fx / depth, CUBE_MM / 2 * camera.fy / depth
    edges = (u - half_u, v - half_v, u + half_u, v + half_v)
    left, top, right, bottom = map(math.floor, edges)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _sampled(
    start: int, stop: int, across: int, side_px: int, frame_px: int
) -> tuple[int, np.ndarray]:
    """First place in the square along one axis, and the frame's pixels from there on.

    Args:
        start: First pixel of the window along this axis.
        stop: The pixel behind its last.
        across: Its length along the other axis.
        side_px: Side of the square.
        frame_px: Length of the frame along this axis.
    """
    length = stop - start
    count = max(1, length * side_px // max(length, across))
    steps = (np.arange(count) * (length / count)).astype(int)
    pixels = start + np.minimum(steps, length - 1)
    first = (side_px - count) // 2 + int((pixels < 0).sum())
    return first, pixels[(pixels >= 0) & (pixels < frame_px)]
