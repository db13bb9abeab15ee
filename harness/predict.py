"""`crossnets predict`: joints from depth frames, as rows, JSON and a picture."""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from rich.console import Console
from rich.progress import track

from cnets import geometry
from cnets.cameras import CAMERAS, Camera
from cnets.data.crops import centre, crop
from cnets.data.files import depth_files
from cnets.inference import models, pictures, predictor
from cnets.inference.model import Model
from cnets.inference.predictor import Predictor
from harness.commands.cli import DONE, FAILED, complain
from harness.commands.printing import tables
from harness.commands.verbs import Predict
from harness.definition.terminal import printable


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


def predict(verb: Predict) -> int:
    """Predict every frame, then print all."""
    if verb.format not in tables.FORMATS:
        known = ", ".join(tables.FORMATS)
        raise ValueError(f"`--format` must be one of {known}, got {verb.format!r}.")
    camera, centre_uvd = camera_of(verb.camera), _centre(verb.center)
    if verb.view is not None and not Path(verb.view).parent.is_dir():
        raise ValueError(f"`view` must lie in a folder that exists, got {verb.view!r}.")
    paths = frames_of(verb.frames)
    model = models.open_model(verb.model)
    run, side_px = predictor.fast(model, verb.device), model.config.networks.side_px
    found, passed_over = [], []
    for path in _tracked(list(paths)):
        try:
            one = of_frame(
                run, side_px, path, camera, centre_uvd=centre_uvd, mirror=verb.mirror
            )
        except ValueError as error:
            if not paths[path]:  # it was named, so somebody wants just this one
                raise
            passed_over.append(error)
            continue
        found.append(one)
    for error in passed_over:
        complain(f"passed over: {error}")
    if not found:
        raise ValueError("`frames` must hold a depth frame, and none could be read.")
    if verb.view is not None:
        pictures.save_png(Path(verb.view), page(model, found, camera))
        print(f"{printable(verb.view)}: {len(found)} frames.", file=sys.stderr)  # noqa: T201
    print(_shown(found, model, verb.format))  # noqa: T201
    return FAILED if passed_over else DONE


def _tracked(paths: list[Path]) -> Iterator[Path]:
    """The paths, behind a bar if there are many and somebody looks on."""
    console = Console(stderr=True)
    yield from track(
        paths,
        "Predicting",
        console=console,
        transient=True,
        disable=len(paths) == 1 or not console.is_terminal,
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


def page(model: Model, found: Sequence[Prediction], camera: Camera) -> pictures.Picture:
    """Every frame's crop with the joints that were read from it."""
    tiles = []
    for one in found:
        frame_mm = depth_files.read_any(Path(one.frame))
        seen = crop.crop(frame_mm, one.center_uvd, camera, VIEW_PX)
        left, top, right, bottom = crop.window(one.center_uvd, camera)
        scale = VIEW_PX / max(right - left, bottom - top)
        places = (one.joints_px - (left, top)) * scale
        picture = pictures.of_depth(seen)
        tiles.append(pictures.with_joints(picture, places, model.skeleton.bones))
    return pictures.grid(tiles, min(COLUMNS, len(tiles)))


def _shown(found: Sequence[Prediction], model: Model, style: str) -> str:
    if style == "json":
        rows = [
            {
                "frame": one.frame,
                "center_uvd": one.center_uvd.tolist(),
                "joints_mm": one.joints_mm.tolist(),
                "joints_px": one.joints_px.tolist(),
            }
            for one in found
        ]
        return json.dumps(rows, indent=1, allow_nan=False)
    names = model.skeleton.joint_names
    rows = [
        {
            "frame": one.frame,
            "joint": name,
            "x_mm": mm[0],
            "y_mm": mm[1],
            "z_mm": mm[2],
            "u_px": px[0],
            "v_px": px[1],
        }
        for one in found
        for name, mm, px in zip(
            names, one.joints_mm.tolist(), one.joints_px.tolist(), strict=True
        )
    ]
    return tables.show(
        pa.Table.from_pylist(rows), style, f"Joints read by {model.name}"
    )


def _centre(text: str | None) -> np.ndarray | None:
    if text is None:
        return None
    numbers = _numbers(text)
    if len(numbers) != 3 or not numbers[2] > 0:
        raise ValueError(
            f"`center` must be U,V,D with a depth above 0 mm, got {text!r}."
        )
    return np.array(numbers, np.float32)


def _numbers(text: str) -> list[float]:
    """Finite numbers between commas; none if one is no number."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
