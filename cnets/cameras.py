"""Pinhole cameras: those of the data sets, and what one consists of.

How points and pixels become each other is in `geometry`, not here.
"""

from dataclasses import dataclass


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
    "sr300": Camera(475.065948, 475.065857, 315.944855, 245.287079, 640, 480),
    "kinect2": Camera(363.9, 363.9, 255.4, 206.3, 512, 424),
}
"""Cameras of the data sets, and of two more sensors."""
