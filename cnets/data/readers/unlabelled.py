"""Depth frames without labels: a folder of 16-bit PNG files of millimetres.

Grey files of fewer bits, such as masks, are passed over: they cannot hold a depth.
"""

from dataclasses import dataclass
from pathlib import Path

from cnets.cameras import CAMERAS, Camera
from cnets.data.files import depth_files


GUESSED = ("sr300", "kinect2", "msra")
"""Cameras that are taken by the size of the frames where none is named."""


@dataclass(frozen=True, kw_only=True)
class UnlabelledFrames:
    """Frames of one camera."""

    files: tuple[Path, ...]
    """In the order of their names."""
    camera: Camera
    mirrored: bool
    """Whether frames are to be mirrored, because the hands are left ones."""


def frames(text: str) -> UnlabelledFrames:
    """The frames of a folder and of the folders in it.

    Args:
        text: `DIR`, `DIR@CAMERA` or `DIR@CAMERA+mirror`. Without a name the camera is
            the one of `GUESSED` whose frames have the size of these.

    Raises:
        ValueError: If the folder is missing or holds no PNG, the camera is unknown or
            has frames of another size, or a file is damaged, in colour, or of
            another size than the first.
    """
    name, mirrored, folder = "", False, text
    if not Path(text).is_dir():
        folder, _, camera = text.rpartition("@") if "@" in text else (text, "", "")
        name, plus, wish = camera.partition("+")
        mirrored = wish == "mirror"
        if plus and not mirrored:
            raise ValueError(
                f"`unlabelled_frames` must be DIR[@CAMERA[+mirror]], got {text!r}."
            )
    if name and name not in CAMERAS:
        known = ", ".join(CAMERAS)
        raise ValueError(
            f"`unlabelled_frames` must name a camera of {known}, got {name!r}."
        )
    root = Path(folder)
    if not folder or not root.is_dir():
        raise ValueError(
            f"`unlabelled_frames` must name a folder that exists, got {folder!r}."
        )
    files, size = _found(root)
    return UnlabelledFrames(
        files=files, camera=_camera(folder, name, size), mirrored=mirrored
    )


def _found(root: Path) -> tuple[tuple[Path, ...], tuple[int, int]]:
    """The frames, by name, and the width and height that all of them have."""
    files, size = [], (0, 0)
    for path in sorted(root.rglob("*.png")):
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


def _camera(folder: str, name: str, size: tuple[int, int]) -> Camera:
    """The camera of that name, or the one whose frames have this size."""
    sizes = {
        known: (CAMERAS[known].width_px, CAMERAS[known].height_px) for known in CAMERAS
    }
    if name:
        if sizes[name] != size:
            raise ValueError(
                f"{folder} must hold frames of {sizes[name][0]} x {sizes[name][1]} pixels "
                f"for camera {name}, got {size[0]} x {size[1]}."
            )
        return CAMERAS[name]
    for known in GUESSED:
        if sizes[known] == size:
            return CAMERAS[known]
    raise ValueError(
        f"{folder} must have its camera named (`DIR@CAMERA`), because no known one has "
        f"frames of {size[0]} x {size[1]} pixels."
    )
