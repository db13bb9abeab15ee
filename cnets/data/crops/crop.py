"""From a depth frame to the crop that the networks see: the one pipeline.

Training on recorded frames, prediction and evaluation all come through here.
Rendered hands do not need it: they are rendered as crops.
"""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from cnets import geometry
from cnets.cameras import Camera
from cnets.geometry import CUBE_MM


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
    square, edge = torch.zeros(1, side_px, side_px), max(left, 0)
    part = frame_mm[v, edge:right].take(u - edge, 1)
    square.numpy()[0, row : row + len(v), column : column + len(u)] = part
    depth = torch.tensor([float(centre_uvd[2])])
    return geometry.normalise_crop(square, depth)[0, 0].numpy()


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
    if not (depth > 0 and np.isfinite([u, v, depth]).all()):
        raise ValueError(
            f"`center` must be finite and have a depth above 0 mm, got {u}, {v}, {depth}."
        )
    half_u, half_v = CUBE_MM / 2 * camera.fx / depth, CUBE_MM / 2 * camera.fy / depth
    edges = (u - half_u, v - half_v, u + half_u, v + half_v)
    left, top, right, bottom = (int(np.floor(edge)) for edge in edges)
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
    steps = np.floor(np.arange(count) * (length / count)).astype(int)
    pixels = start + np.minimum(steps, length - 1)
    first = (side_px - count) // 2 + int((pixels < 0).sum())
    return first, pixels[(pixels >= 0) & (pixels < frame_px)]
