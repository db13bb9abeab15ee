"""The only place where millimetres, pixels and the networks' units meet.

Camera frame: x right, y up, z away from the camera. Pixels: u right, v down.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from cnets.shapes import CentreMm, Joints, JointsMm, Origin, Pose


MM_PER_UNIT = 50.0
"""Length of one unit of the networks, millimetres."""

CUBE_MM = 250.0
"""Side of the cube around a hand that a crop shows, millimetres."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; focal lengths and principal point in pixels."""

    fx: float
    fy: float
    cx: float
    cy: float
    width_px: int
    height_px: int


CAMERAS = {
    "nyu": Camera(588.03, 587.07, 320.0, 240.0, 640, 480),
    "icvl": Camera(240.99, 240.96, 160.0, 120.0, 320, 240),
    "msra": Camera(241.42, 241.42, 160.0, 120.0, 320, 240),
}
"""Cameras of the data sets."""


def to_units(joints_mm: JointsMm, centre_mm: CentreMm) -> Joints:
    """Joints relative to the centre of the crop, in units."""
    return (joints_mm - centre_mm[:, None]) / MM_PER_UNIT


def to_mm(joints: Joints, centre_mm: CentreMm) -> JointsMm:
    """Joints in the camera frame, millimetres."""
    return joints * MM_PER_UNIT + centre_mm[:, None]


def split_origin(joints: Joints, root: int) -> tuple[Pose, Origin]:
    """All joints relative to the root, flattened, and the root itself."""
    origin = joints[:, root]
    return (joints - origin[:, None]).flatten(1), origin


def join_origin(pose: Pose, origin: Origin) -> Joints:
    """The inverse of `split_origin`."""
    return pose.unflatten(1, (-1, 3)) + origin[:, None]
