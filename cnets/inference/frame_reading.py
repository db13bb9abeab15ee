"""Depth frames that somebody names: which files they are, of which camera, and how read.

The forms of the files are in `cnets/data/files/depth_files.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.cameras import CAMERAS, Camera
from cnets.data.files import depth_files


SUFFIXES = (".png", ".bin")
"""Files of a folder that are taken for depth frames."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the frames of one call are read."""

    camera: Camera
    """The camera of the frames; a width of 0 is not known."""
    unit_mm: float = 1.0
    """Millimetres a step of the frames' depths."""
    mirror: bool = False
    """Whether the hands are of the other side than the model's."""


def read(path: Path, way: Way) -> np.ndarray:
    """A depth frame in millimetres, float32 [height, width].

    Raises:
        ValueError: If it cannot be read, or its size is not the camera's.
    """
    frame_mm = depth_files.read_any(path) * np.float32(way.unit_mm)
    height, width = frame_mm.shape
    camera = way.camera
    named = next((name for name, known in CAMERAS.items() if known == camera), "")
    wanted = (camera.width_px or width, camera.height_px or height)
    if (width, height) != wanted:
        raise ValueError(
            f"{path} must have the camera's size: the frame is {width} x {height}, "
            f"camera {named or 'in numbers'} has {wanted[0]} x {wanted[1]}."
        )
    if not (0 < camera.cx < width and 0 < camera.cy < height):
        raise ValueError(
            f"{path} must be a frame of its camera, whose middle is at {camera.cx:g}, "
            f"{camera.cy:g}, and has {width} x {height} pixels."
        )
    return frame_mm


def frames_of(names: Sequence[str]) -> dict[Path, bool]:
    """The files that were named, and those of folders, by name.

    Returns:
        For each file, in order, whether it was found in a folder.

    Raises:
        ValueError: If a name is no file or folder, or a folder has no frame.
    """
    found: dict[Path, bool] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = [
                file
                for file in path.rglob("*")
                if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
            ]
            if not inside:
                raise ValueError(
                    f"`frames` must name PNG or _depth.bin files or a folder of "
                    f"them, and {name!r} has none."
                )
            found |= dict.fromkeys(sorted(inside), True)
        elif path.is_file():
            found[path] = False
        else:
            raise ValueError(f"`frames` must name files that exist, got {name!r}.")
    if not found:
        raise ValueError("`frames` must name at least one file or folder.")
    return found


def camera_of(text: str) -> Camera:
    """A camera by its name or its numbers FX,FY,CX,CY[,WIDTH,HEIGHT].

    Returns:
        The camera; width and height are 0 where only four numbers are given.

    Raises:
        ValueError: If it is neither.
    """
    if text in CAMERAS:
        return CAMERAS[text]
    parts = numbers(text)
    whole = all(number > 0 and number == int(number) for number in parts[4:])
    if len(parts) not in (4, 6) or not min(parts[:2]) > 0 or not whole:
        known = ", ".join(CAMERAS)
        raise ValueError(
            f"`camera` must be one of {known} or FX,FY,CX,CY[,WIDTH,HEIGHT] in pixels, "
            f"got {text!r}."
        )
    fx, fy, cx, cy, width, height = [*parts, 0, 0][:6]
    return Camera(fx, fy, cx, cy, int(width), int(height))


def numbers(text: str) -> list[float]:
    """Finite numbers between commas; none if one is no number."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
