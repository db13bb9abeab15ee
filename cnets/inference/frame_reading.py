"""Depth frames that somebody names: which files they are, of which camera, and how read.

The forms of the files are in `cnets/data/files/depth_files.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets import cameras
from cnets.cameras import Camera
from cnets.data.files import frame_files, listing
from cnets.data.files.frame_files import FrameForm
from cnets.data.readers.folder import description


SUFFIXES = (".png", ".bin")
"""Files of a folder that are taken for depth frames."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the frames of one call are read."""

    camera: Camera
    """The camera of the frames; a width of 0 is not known."""
    form: FrameForm | None = None
    """What the numbers in the frames mean; None: a file says it by its form."""
    unit_mm: float = 1.0
    """Millimetres a step of the frames' depths, where no form says it."""
    mirror: bool = False
    """Whether the hands are of the other side than the model's."""


def read(path: Path, way: Way) -> np.ndarray:
    """A depth frame in millimetres, float32 [height, width].

    Raises:
        ValueError: If it cannot be read, or its size is not the camera's.
    """
    frame_mm = frame_files.read(path, way.form) * np.float32(way.unit_mm)
    height, width = frame_mm.shape
    cameras.check_size(way.camera, width, height, path)
    return frame_mm


def camera_of(text: str) -> tuple[Camera, FrameForm | None]:
    """The camera of frames, and what their numbers mean if that is described.

    Args:
        text: As `cameras.camera_of` takes it, or `folder:DIR` for the camera and the
            frames that a `dataset.toml` describes.

    Raises:
        ValueError: If it is neither, or the description is damaged.
    """
    kind, _, folder = text.partition(":")
    if kind != "folder":
        return cameras.camera_of(text), None
    told = description.read(Path(folder))
    return told.camera, told.form


def frames_of(
    names: Sequence[str], endings: Sequence[str] = SUFFIXES
) -> dict[Path, bool]:
    """The files that were named, and those of folders, by name.

    Args:
        names: Files or folders.
        endings: What the names of frames in folders end in.

    Returns:
        For each file, in order, whether it was found in a folder.

    Raises:
        ValueError: If a name is no file or folder, or a folder has no frame.
    """
    found: dict[Path, bool] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = listing.under(path, endings)
            if not inside:
                raise ValueError(
                    f"`frames` must name files that end in {', '.join(endings)} or a "
                    f"folder of them, and {name!r} has none."
                )
            found |= dict.fromkeys(inside, True)
        elif path.is_file():
            found[path] = False
        else:
            raise ValueError(f"`frames` must name files that exist, got {name!r}.")
    if not found:
        raise ValueError("`frames` must name at least one file or folder.")
    return found


def numbers(text: str) -> list[float]:
    """Finite numbers between commas; none if one is no number."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
