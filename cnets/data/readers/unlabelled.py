"""Depth frames without labels: a folder of 16-bit PNG files.

Grey files of fewer bits, such as masks, are passed over: they cannot hold a depth.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from cnets import cameras
from cnets.cameras import CAMERAS, Camera
from cnets.data.files import depth_files, listing
from cnets.data.files.frame_files import FrameForm


GUESSED = ("sr300", "kinect2", "msra")
"""Cameras that are taken by the size of the frames where none is named."""

GRAMMAR = "DIR[@CAMERA[+mirror][+unit=MM]]"
"""How a folder is named; `MM` is what one step of depth is, such as 0.125."""


@dataclass(frozen=True, kw_only=True)
class UnlabelledFrames:
    """Frames of one camera."""

    folder: Path
    files: tuple[Path, ...]
    """In the natural order of their names."""
    camera: Camera
    mirrored: bool
    """Whether frames are to be mirrored, because the hands are left ones."""
    unit_mm: float = 1.0
    """Millimetres of one step of depth."""
    notes: tuple[str, ...] = ()
    """What was guessed, a sentence each."""

    @property
    def form(self) -> FrameForm | None:
        """What the numbers in the files mean; None where they are millimetres."""
        if self.unit_mm == 1:
            return None
        width, height = self.camera.width_px, self.camera.height_px
        return FrameForm(width_px=width, height_px=height, unit_mm=self.unit_mm)


def frames(text: str) -> UnlabelledFrames:
    """The frames of a folder and of the folders in it.

    Args:
        text: As `GRAMMAR` says; the camera by its name or its numbers. Without one
            it is the one of `GUESSED` whose frames have the size of these, and a
            note says so.

    Raises:
        ValueError: If the folder is missing or holds no PNG, the camera is unknown or
            has frames of another size, or a file is damaged, in colour, or of
            another size than the first.
    """
    folder, camera, *wishes = _parts(text)
    mirrored, unit_mm = False, 1.0
    for wish in wishes:
        name, _, number = wish.partition("=")
        if wish == "mirror":
            mirrored = True
        elif name == "unit":
            unit_mm = _unit(number, text)
        else:
            raise ValueError(f"`unlabelled` must be {GRAMMAR}, got {text!r}.")
    root = Path(folder)
    if camera:  # one that cannot be is refused before files are looked at
        cameras.camera_of(camera, argument="unlabelled")
    if not folder or not root.is_dir():
        raise ValueError(
            f"`unlabelled` must name a folder that exists, got {folder!r}."
        )
    files, size = _found(root)
    taken, notes = _camera(folder, camera, size, files[0])
    return UnlabelledFrames(
        folder=root,
        files=files,
        camera=taken,
        mirrored=mirrored,
        unit_mm=unit_mm,
        notes=notes,
    )


def _parts(text: str) -> list[str]:
    """Folder, camera and wishes; a folder that is there is taken as it is called."""
    if "@" not in text or Path(text).is_dir():
        return [text, ""]
    folder, _, rest = text.rpartition("@")
    return [folder, *rest.split("+")]


def _unit(number: str, text: str) -> float:
    """What `+unit=` says."""
    try:
        unit_mm = float(number)
    except ValueError:
        unit_mm = math.nan
    if not 0 < unit_mm <= 1000:
        raise ValueError(
            f"`unlabelled` must have a unit above 0 and up to 1000 mm, such as "
            f"+unit=0.125, got {text!r}."
        )
    return unit_mm


def _found(root: Path) -> tuple[tuple[Path, ...], tuple[int, int]]:
    """The frames, by name, and the width and height that all of them have."""
    files, size = [], (0, 0)
    for path in listing.under(root, [".png"]):
        width, height, kind = depth_files.png_form(path)
        if kind == "nyu":
            raise ValueError(f"{path} must be a grey PNG of 16 bits, and is RGB.")
        if kind != "mm":
            continue
        if files and (width, height) != size:
            raise ValueError(
                f"{path} must have {size[0]} x {size[1]} pixels as {files[0].name} has, "
                f"got {width} x {height}."
            )
        files.append(path)
        size = width, height
    if not files:
        raise ValueError(f"{root} must hold grey PNG files of 16 bits, and holds none.")
    return tuple(files), size


def _camera(
    folder: str, text: str, size: tuple[int, int], first: Path
) -> tuple[Camera, tuple[str, ...]]:
    """The camera that was named, or the one whose frames have this size, with a note."""
    if text:
        named = cameras.camera_of(text, argument="unlabelled", size_px=size)
        cameras.check_size(named, *size, first)
        return named, ()
    for known in GUESSED:
        camera = CAMERAS[known]
        if (camera.width_px, camera.height_px) == size:
            return camera, (
                f"The camera of {folder} is a guess: {known}, because its frames are "
                f"{size[0]} x {size[1]} too; name it as DIR@CAMERA or "
                f"DIR@{cameras.NUMBERS}.",
            )
    raise ValueError(
        f"{folder} must have its camera named (`DIR@CAMERA`), because no known one has "
        f"frames of {size[0]} x {size[1]} pixels."
    )
