"""Pinhole cameras: those of the data sets, and how a person writes one down.

How points and pixels become each other is in `geometry`, not here.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; focal lengths and principal point in pixels.

    Width and height are 0 where they are not known.
    """

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

NUMBERS = "FX,FY,CX,CY[,WIDTH,HEIGHT]"
"""A camera that has no name here, in pixels."""


def camera_of(
    text: str, *, argument: str = "camera", size_px: tuple[int, int] | None = None
) -> Camera:
    """A camera by its name or by its numbers.

    Args:
        text: A name of `CAMERAS`, or `NUMBERS`.
        argument: What the text was given for, for the error.
        size_px: Width and height of the frames, if they are known; taken where the
            numbers do not say them. Without either they are 0: not known.

    Raises:
        ValueError: If it is neither, a focal length is not above 0, the size is not
            whole, or the principal point lies outside the frame.
    """
    if text in CAMERAS:
        return CAMERAS[text]
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        known = ", ".join(CAMERAS)
        raise ValueError(
            f"`{argument}` must be one of {known} or {NUMBERS} in pixels, got {text!r}."
        )
    fx, fy, cx, cy = numbers[:4]
    width, height = numbers[4:] or size_px or (0, 0)
    if not min(fx, fy) > 0:
        raise ValueError(
            f"`{argument}` must have focal lengths above 0 pixels, got {text!r}."
        )
    known = bool(numbers[4:] or size_px)
    within = min(cx, cy) > 0 and (not known or (cx < width and cy < height))
    if not (within and width % 1 == height % 1 == 0):
        raise ValueError(
            f"`{argument}` must have its principal point inside its frame of "
            f"{width:g} x {height:g} pixels, got {text!r}."
        )
    return Camera(fx, fy, cx, cy, int(width), int(height))


def check_size(camera: Camera, width_px: int, height_px: int, file: object) -> None:
    """Refuse a frame that another camera has taken.

    Args:
        camera: The camera that it should be of.
        width_px: Width of the frame.
        height_px: Height of the frame.
        file: Named in the error.

    Raises:
        ValueError: If its size is not the camera's.
    """
    wanted = camera.width_px or width_px, camera.height_px or height_px
    if (width_px, height_px) != wanted:
        named = (name for name, known in CAMERAS.items() if known == camera)
        raise ValueError(
            f"{file} must be a frame of its camera: frames are {width_px} x {height_px}, "
            f"camera {next(named, 'as given')} has {wanted[0]} x {wanted[1]}."
        )
    if not (0 < camera.cx < width_px and 0 < camera.cy < height_px):
        raise ValueError(
            f"{file} must be a frame of its camera, whose middle is at {camera.cx:g}, "
            f"{camera.cy:g}, and has {width_px} x {height_px} pixels."
        )
