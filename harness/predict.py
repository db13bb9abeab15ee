"""Joints from depth frames of any camera, and a picture of them.

Tables of them are made in `commands/printing/predictions.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cnets import geometry
from cnets.cameras import CAMERAS, Camera
from cnets.data.crops import centre, crop
from cnets.data.crops.cache import Progress
from cnets.data.files import depth_files
from cnets.inference import models, onnx_graph, pictures
from cnets.inference.model import Model
from cnets.inference.onnx_graph import Predictor


SUFFIXES = (".png", ".bin")
"""Files of a folder that are taken for depth frames."""

COLUMNS = 8
"""Frames in a row of the picture."""

VIEW_PX = 256
"""Side of a frame's crop in the picture."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What was read from one frame; pixels are those of the frame."""

    frame: str
    center_uvd: np.ndarray
    """float32 [3], pixels and millimetres."""
    joints_mm: np.ndarray
    """float32 [joints, 3], camera frame, y up."""
    joints_px: np.ndarray
    """float32 [joints, 2]."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What was read from some frames."""

    model: Model
    camera: Camera
    """The camera of the frames."""
    frames: tuple[Prediction, ...]
    passed_over: tuple[ValueError, ...]
    """Why a file of a folder is no depth frame, an error each."""


def predict(
    names: Sequence[str],
    *,
    model: str,
    camera: Camera,
    centre_uvd: np.ndarray | None = None,
    mirror: bool = False,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Predictions:
    """The joints of every frame.

    Args:
        names: Files, or folders of them.
        model: The model, as `models.open_model` takes it.
        camera: The camera of the frames.
        centre_uvd: Centre of the hand; None to find it in each frame.
        mirror: Whether the hands are of the other side than the model's.
        device: Where frames are predicted.
        progress: Told how many of several frames are done.

    Returns:
        What was read; files of a folder that are no depth frames are passed over.

    Raises:
        ValueError: If there is no such model or frame, or a file that was named
            itself cannot be read.
    """
    paths = frames_of(names)
    opened = models.open_model(model)
    run = onnx_graph.predictor(opened, device)
    side_px = opened.config.networks.side_px
    frames, passed_over = [], []
    for count, (path, in_folder) in enumerate(paths.items()):
        if progress is not None and len(paths) > 1:
            progress(count, len(paths))
        try:
            frames.append(
                of_frame(
                    run, side_px, path, camera, centre_uvd=centre_uvd, mirror=mirror
                )
            )
        except ValueError as error:
            if not in_folder:  # it was named, so somebody wants just this one
                raise
            passed_over.append(error)
    if progress is not None and len(paths) > 1:
        progress(len(paths), len(paths))
    return Predictions(
        model=opened,
        camera=camera,
        frames=tuple(frames),
        passed_over=tuple(passed_over),
    )


def of_frame(
    run: Predictor,
    side_px: int,
    path: Path,
    camera: Camera,
    *,
    centre_uvd: np.ndarray | None = None,
    mirror: bool = False,
) -> Prediction:
    """The joints of one frame.

    Args:
        run: What reads joints from crops.
        side_px: Side of those crops.
        path: A depth frame in one of the forms of `depth_files`.
        camera: The frame's camera.
        centre_uvd: Centre of the hand; None to find it in the frame.
        mirror: Turn the frame's left and right round for the model, and the
            joints back.

    Raises:
        ValueError: If the file is missing, damaged or no depth frame.
    """
    frame_mm = depth_files.read_any(path)
    if centre_uvd is None:
        centre_uvd = centre.find(frame_mm, camera)
    seen, about, eye = frame_mm, centre_uvd, camera
    if mirror:
        seen, about, eye = crop.mirrored(frame_mm, centre_uvd, camera)
    depth = torch.from_numpy(crop.crop(seen, about, eye, side_px))[None, None]
    uvd = torch.from_numpy(about.astype(np.float32))[None, None]
    joints = run(depth, geometry.to_mm_from_uvd(uvd, eye)[0]).cpu()
    if mirror:
        joints = joints * joints.new_tensor([-1.0, 1.0, 1.0])
    return Prediction(
        frame=str(path),
        center_uvd=centre_uvd.astype(np.float32),
        joints_mm=joints[0].numpy(),
        joints_px=geometry.to_pixels(joints, camera)[0].numpy(),
    )


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
            inside = [p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES]
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
    """A camera by its name or its numbers FX,FY,CX,CY.

    Raises:
        ValueError: If it is neither.
    """
    if text in CAMERAS:
        return CAMERAS[text]
    numbers = _numbers(text)
    if len(numbers) != 4 or not min(numbers[:2]) > 0:
        known = ", ".join(CAMERAS)
        raise ValueError(
            f"`camera` must be one of {known} or FX,FY,CX,CY in pixels, got {text!r}."
        )
    fx, fy, cx, cy = numbers
    return Camera(fx, fy, cx, cy, round(2 * cx), round(2 * cy))


def centre_of(text: str | None) -> np.ndarray | None:
    """A centre from its numbers U,V,D; None for none.

    Returns:
        float32 [3], pixels and millimetres.

    Raises:
        ValueError: If it is not three numbers with a depth above 0.
    """
    if text is None:
        return None
    numbers = _numbers(text)
    if len(numbers) != 3 or not numbers[2] > 0:
        raise ValueError(
            f"`center` must be U,V,D with a depth above 0 mm, got {text!r}."
        )
    return np.array(numbers, np.float32)


def page(done: Predictions) -> pictures.Picture:
    """Every frame's crop with the joints that were read from it."""
    tiles = []
    for frame in done.frames:
        frame_mm = depth_files.read_any(Path(frame.frame))
        seen = crop.crop(frame_mm, frame.center_uvd, done.camera, VIEW_PX)
        left, top, right, bottom = crop.window(frame.center_uvd, done.camera)
        scale = VIEW_PX / max(right - left, bottom - top)
        places = (frame.joints_px - (left, top)) * scale
        picture = pictures.of_depth(seen)
        tiles.append(pictures.with_joints(picture, places, done.model.skeleton.bones))
    return pictures.grid(tiles, min(COLUMNS, len(tiles)))


def _numbers(text: str) -> list[float]:
    """Finite numbers between commas; none if one is no number."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
