"""Centres of rendered hands, found in the frame of a sensor as those of recorded ones.

Nothing but the hand is in such a frame: no arm, no body, no wall.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from cnets import geometry
from cnets.cameras import Camera
from cnets.data.crops import centre
from cnets.data.crops.crop import FrameMm
from cnets.data.readers.labels import Labels
from cnets.geometry import CUBE_MM
from cnets.hands import render, sensor


AT_ONCE = 4
"""Frames that are rendered at once; more are slower, and take more memory."""

NEAREST_MM = 50.0
"""Depth at which windows stop growing: what is nearer no sensor sees."""

PIXELS_MIDDLE = 0.5
"""Where the middle of a rendered image's first pixel is; the search counts from 0."""


def of_rows(labels: Labels, rows: slice) -> Float[np.ndarray, "frames 3"]:
    """Centres of the crops of a few frames: the labels', or found where they have none.

    Args:
        labels: The poses.
        rows: Which of them, whole groups of `AT_ONCE`: then the same is found in a
            frame whichever others are to be found.
    """
    centres_mm = labels.centres_mm[rows].copy()
    wanted = np.full(len(centres_mm), labels.centres == "depth")
    wanted |= np.isnan(centres_mm).any(1)
    for start in range(0, len(wanted), AT_ONCE):
        few = wanted[start : start + AT_ONCE]
        if few.any():
            first = rows.start + start
            found = found_mm(labels, slice(first, first + len(few)))
            centres_mm[start : start + AT_ONCE][few] = found[few]
    return centres_mm


def found_mm(labels: Labels, rows: slice) -> Float[np.ndarray, "frames 3"]:
    """Centres of a few frames, camera frame.

    Args:
        labels: The poses.
        rows: Which of them; the noise is seeded by the first of each `AT_ONCE`.

    Returns:
        float32; where no hand is found, the point that `centre.find` gives.
    """
    found = []
    for start in range(rows.start, rows.stop, AT_ONCE):
        some = slice(start, min(start + AT_ONCE, rows.stop))
        for part_mm, camera, corner in parts_mm(labels, some):
            uvd = centre.find(part_mm, camera)
            uvd[:2] += np.array(corner) + PIXELS_MIDDLE
            found.append(uvd)
    uvd = torch.from_numpy(np.stack(found))
    return geometry.to_mm_from_uvd(uvd[:, None], labels.camera)[:, 0].numpy()


def parts_mm(
    labels: Labels, rows: slice
) -> Iterator[tuple[FrameMm, Camera, tuple[int, int]]]:
    """The part of each frame round the hand; nothing is in the rest.

    Args:
        labels: The poses.
        rows: Which of them.

    Yields:
        Whole millimetres as the sensor sees them, 0 where nothing is; the camera whose
        first pixel is the part's; u and v of that pixel in the frame.
    """
    camera = labels.camera
    joints = torch.tensor(labels.joints_mm[rows]).double()
    thickness = torch.tensor(labels.thickness[rows]).double()
    flesh = labels.skeleton.flesh(joints, thickness)
    start, end, start_radius, end_radius = (part.float() for part in flesh)
    balls = torch.cat([start, end], 1), torch.cat([start_radius, end_radius], 1)
    corner, side_px = _windows(*balls, camera)
    # The cube whose window has this side shows each pixel of the sensor as one.
    depth = CUBE_MM * camera.fx / side_px
    x = (corner[:, 0] + side_px / 2 - camera.cx) * depth / camera.fx
    y = (camera.cy - corner[:, 1] - side_px / 2) * depth / camera.fy
    about = torch.stack([x, y, torch.full_like(x, depth)], 1).float()
    perfect = render.render(
        start,
        end,
        start_radius,
        end_radius,
        centre_mm=about,
        camera=camera,
        side_px=side_px,
    )
    noise = torch.Generator().manual_seed(rows.start)
    seen = sensor.observe(perfect, noise, sensor_px=torch.ones(len(joints)))
    for square, (left, top) in zip(seen.round().numpy(), corner.tolist(), strict=True):
        u, v = max(int(left), 0), max(int(top), 0)
        wide, high = camera.width_px - int(left), camera.height_px - int(top)
        part_mm = square[v - int(top) : max(high, 0), u - int(left) : max(wide, 0)]
        yield part_mm, replace(camera, cx=camera.cx - u, cy=camera.cy - v), (u, v)


def _windows(
    balls: render.Points, radii: render.Radii, camera: Camera
) -> tuple[torch.Tensor, int]:
    """Left upper corners of squares about hands, and the side that all of them have."""
    pixels = geometry.to_pixels(balls, camera)
    near = (balls[..., 2] - radii).clamp(min=NEAREST_MM)
    # a ball off the axis covers more than its radius, less than twice as much
    beside = (2 * radii * camera.fx / near)[..., None]
    low = (pixels - beside).amin(1).floor()
    return low, math.ceil(((pixels + beside).amax(1) - low).max().item())
