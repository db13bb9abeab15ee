"""The only place where millimetres, pixels and the networks' units meet.

Camera frame: x right, y up, z away from the camera. Pixels: u right, v down;
an image's first pixel spans u in [0, 1], its middle is at 0.5. The cameras' own
numbers are in `cameras`.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from cnets.cameras import Camera
from cnets.shapes import (
    CentreMm,
    Joints,
    JointsMm,
    JointsPx,
    Origin,
    Pose,
)


MM_PER_UNIT = 50.0
"""Length of one unit of the networks, millimetres."""

ORIGIN_SIZE = 3
"""Numbers of an origin; a code ends with them, behind the pose code."""

CUBE_MM = 250.0
"""Side of the cube around a hand that a crop shows, millimetres."""

BEHIND_MM = 10.0
"""What the released crops add to a depth before they are scaled."""


def to_mm_from_uvd(uvd: Float[Tensor, "batch joints 3"], camera: Camera) -> JointsMm:
    """Points of the camera frame from pixels and depth in millimetres."""
    u, v, depth = uvd.unbind(-1)
    x = (u - camera.cx) * depth / camera.fx
    y = (camera.cy - v) * depth / camera.fy
    return torch.stack([x, y, depth], -1)


def to_pixels(joints_mm: JointsMm, camera: Camera) -> JointsPx:
    """Where points of the camera frame appear in the image."""
    x, y, depth = joints_mm.unbind(-1)
    u = x * camera.fx / depth + camera.cx
    v = camera.cy - y * camera.fy / depth
    return torch.stack([u, v], -1)


def crop_pixels(
    centre_mm: CentreMm, camera: Camera, side_px: int
) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """Where a crop lies in the image: its left and upper edge, and its scale.

    The crop shows the cube's front face at the depth of the centre; its half
    width is half the cube times fx over the depth, in both directions.

    Returns:
        u and v of the crop's corner, and image pixels per pixel of the crop.
    """
    centre_px = to_pixels(centre_mm[:, None], camera)[:, 0]
    half = CUBE_MM / 2 * camera.fx / centre_mm[:, 2]
    return centre_px[:, 0] - half, centre_px[:, 1] - half, 2 * half / side_px


def to_crop_pixels(
    joints_mm: JointsMm, centre_mm: CentreMm, camera: Camera, side_px: int
) -> JointsPx:
    """Where points of the camera frame appear in a crop."""
    u, v, scale = crop_pixels(centre_mm, camera, side_px)
    pixels = to_pixels(joints_mm, camera)
    return (pixels - torch.stack([u, v], -1)[:, None]) / scale[:, None, None]


def to_units(joints_mm: JointsMm, centre_mm: CentreMm) -> Joints:
    """Joints relative to the centre of the crop, in units."""
    return (joints_mm - centre_mm[:, None]) / MM_PER_UNIT


def to_mm(joints: Joints, centre_mm: CentreMm) -> JointsMm:
    """Joints in the camera frame, millimetres; the inverse of `to_units`."""
    return joints * MM_PER_UNIT + centre_mm[:, None]


def split_origin(joints: Joints, root: int) -> tuple[Pose, Origin]:
    """All joints relative to the root, flattened, and the root itself."""
    origin = joints[:, root]
    return (joints - origin[:, None]).flatten(1), origin


def join_origin(pose: Pose, origin: Origin) -> Joints:
    """The inverse of `split_origin`."""
    return pose.unflatten(1, (-1, 3)) + origin[:, None]
