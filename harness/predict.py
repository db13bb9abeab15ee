"""Joints from depth frames of any camera, and a picture of them.

Tables of them are made in `commands/printing/predictions.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cnets import geometry
from cnets.cameras import Camera
from cnets.data.crops import centre, crop
from cnets.data.crops.cache import Progress
from cnets.data.files.frame_files import ENDINGS, FrameForm
from cnets.inference import (
    centre_files,
    frame_reading,
    models,
    onnx_graph,
    pictures,
)
from cnets.inference.frame_reading import Way
from cnets.inference.model import Model
from cnets.inference.onnx_graph import Predictor
from harness.worker import device as here


COLUMNS = 8
"""Frames in a row of the picture."""

MOST_UNIT_MM = 1000.0
"""Largest step of depth; a frame in metres has it."""

VIEW_PX = 256
"""Side of a frame's crop in the picture."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What was read from one frame; pixels are those of the frame."""

    frame: str
    center_uvd: np.ndarray | None = None
    """float32 [3], pixels and millimetres; None if no hand was found."""
    joints_mm: np.ndarray | None = None
    """float32 [joints, 3], camera frame, y up; None if the frame shows no hand."""
    joints_px: np.ndarray | None = None
    """float32 [joints, 2], likewise."""

    @property
    def found(self) -> bool:
        """Whether the frame shows a hand."""
        return self.joints_mm is not None


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What was read from some frames."""

    model: Model
    way: Way
    """How the frames were read."""
    frames: tuple[Prediction, ...]
    passed_over: tuple[ValueError, ...]
    """Why a file of a folder is no depth frame, an error each."""
    centres: str = ""
    """How the rows of a file of centres were taken, in words."""

    def without_hand(self) -> int:
        """How many frames show no hand."""
        return sum(not frame.found for frame in self.frames)


def predict(
    names: Sequence[str],
    *,
    model: str,
    camera: Camera,
    form: FrameForm | None = None,
    centre_uvd: np.ndarray | None = None,
    centres: Path | None = None,
    unit_mm: float = 1.0,
    mirror: bool = False,
    hand: str | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Predictions:
    """The joints of every frame.

    Args:
        names: Files, or folders of them.
        model: The model, as `models.open_model` takes it.
        camera: The camera of the frames.
        form: What the numbers in the frames mean; None: a file says it by its form.
        centre_uvd: Centre of the hand; None to find it in each frame.
        centres: File with a centre a frame, as `centre_files.read` takes it.
        unit_mm: Millimetres a step of the frames' depths.
        mirror: Whether the hands are of the other side than the model's.
        hand: Which hands the frames show, `right` or `left`; None if nobody knows.
        device: Where frames are predicted.
        progress: Told how many of several frames are done.

    Returns:
        What was read; files of a folder that are no depth frames are passed over.

    Raises:
        ValueError: If there is no such model or frame, a file that was named itself
            cannot be read, none can be, a centre lies out of reach or outside its
            frame, or the model reads the other hand.
    """
    here.check(device)
    if not 0 < unit_mm <= MOST_UNIT_MM:
        raise ValueError(
            f"`--depth-unit` must be above 0 and at most {MOST_UNIT_MM:g} mm, got "
            f"{unit_mm:g}."
        )
    if form is not None and unit_mm != 1:
        raise ValueError(
            f"`--depth-unit` must be left out where a description says it, got {unit_mm:g}."
        )
    paths = frame_reading.frames_of(names, *([] if form is None else [ENDINGS]))
    about, said = _centres(list(paths), camera, centre_uvd, centres)
    opened = models.open_model(model)
    _check_hand(opened, hand, mirror)
    run = onnx_graph.predictor(opened, device)
    side_px = opened.config.networks.side_px
    way = Way(camera=camera, form=form, unit_mm=unit_mm, mirror=mirror)
    frames, passed_over = [], []
    for count, (path, in_folder) in enumerate(paths.items()):
        if progress is not None and len(paths) > 1:
            progress(count, len(paths))
        try:
            frames.append(of_frame(run, side_px, path, way, centre_uvd=about[count]))
        except ValueError as error:
            if not in_folder:  # it was named, so somebody wants just this one
                raise
            passed_over.append(error)
    if progress is not None and len(paths) > 1:
        progress(len(paths), len(paths))
    if not frames:
        raise ValueError(
            f"`frames` must hold a depth frame that can be read, and none of "
            f"{len(paths)} can: {passed_over[0]}"
        )
    return Predictions(
        model=opened,
        way=way,
        frames=tuple(frames),
        passed_over=tuple(passed_over),
        centres=said,
    )


def of_frame(
    run: Predictor,
    side_px: int,
    path: Path,
    way: Way,
    *,
    centre_uvd: np.ndarray | None = None,
) -> Prediction:
    """The joints of one frame.

    Args:
        run: What reads joints from crops.
        side_px: Side of those crops.
        path: A depth frame in one of the forms of `depth_files`.
        way: How it is read; `mirror` turns its left and right round for the model,
            and the joints back.
        centre_uvd: Centre of the hand; None to find it in the frame.

    Raises:
        ValueError: If the file is missing, damaged or no depth frame, has another
            size than the camera's, or its centre lies outside it.
    """
    frame_mm, camera = frame_reading.read(path, way), way.camera
    if centre_uvd is None:
        centre_uvd = centre.found(frame_mm, camera)
        if centre_uvd is None:
            return Prediction(frame=str(path))
    else:
        height, width = frame_mm.shape
        centre_files.check(f"{path}: its centre", centre_uvd, (width, height))
    seen, about, eye = frame_mm, centre_uvd, camera
    if way.mirror:
        seen, about, eye = crop.mirrored(frame_mm, centre_uvd, camera)
    depth = torch.from_numpy(crop.crop(seen, about, eye, side_px))[None, None]
    centre_uvd = centre_uvd.astype(np.float32)
    if not (depth < 1).any():
        return Prediction(frame=str(path), center_uvd=centre_uvd)
    uvd = torch.from_numpy(about.astype(np.float32))[None, None]
    joints = run(depth, geometry.to_mm_from_uvd(uvd, eye)[0]).cpu()
    if way.mirror:
        joints = joints * joints.new_tensor([-1.0, 1.0, 1.0])
    return Prediction(
        frame=str(path),
        center_uvd=centre_uvd,
        joints_mm=joints[0].numpy(),
        joints_px=geometry.to_pixels(joints, camera)[0].numpy(),
    )


def _centres(
    paths: Sequence[Path],
    camera: Camera,
    centre_uvd: np.ndarray | None,
    file: Path | None,
) -> tuple[Sequence[np.ndarray | None], str]:
    """The centre of each frame, None to find it, and how a file's rows were taken."""
    size_px = (camera.width_px, camera.height_px) if camera.width_px else None
    if file is None:
        if centre_uvd is not None:
            centre_files.check("`center`", centre_uvd, size_px)
        return [centre_uvd] * len(paths), ""
    if centre_uvd is not None:
        raise ValueError("`--centers` must be left out with `--center`, got both.")
    given = centre_files.read(file, [str(path) for path in paths], size_px)
    how = "by name" if given.by_name else "in the order of the frames"
    return list(given.uvd), f"{len(paths)} centres of {file} taken {how}."


def _check_hand(model: Model, hand: str | None, mirror: bool) -> None:
    """Refuse frames of the other hand than a model's, or that `mirror` makes so."""
    if hand is None or model.hand is None:
        return
    if (hand != model.hand) != mirror:
        other = "left" if model.hand == "right" else "right"
        wanted, do = (other, "leave out") if mirror else (model.hand, "add")
        raise ValueError(
            f"`--hand` must be {wanted} with a model of {model.hand} hands "
            f"{'and' if mirror else 'without'} `--mirror`, got {hand!r}: {do} `--mirror`."
        )


def centre_of(text: str | None) -> np.ndarray | None:
    """A centre from its numbers U,V,D; None for none.

    Returns:
        float32 [3], pixels and millimetres.

    Raises:
        ValueError: If it is not three numbers with a depth above 0.
    """
    if text is None:
        return None
    numbers = frame_reading.numbers(text)
    if len(numbers) != 3 or not numbers[2] > 0:
        raise ValueError(
            f"`center` must be U,V,D with a depth above 0 mm, got {text!r}."
        )
    return np.array(numbers, np.float32)


def page(done: Predictions) -> pictures.Picture:
    """Every frame's crop with its joints, or the whole frame where there is no hand."""
    tiles = []
    for frame in done.frames:
        frame_mm = frame_reading.read(Path(frame.frame), done.way)
        if frame.center_uvd is None or frame.joints_px is None:
            tiles.append(pictures.without_hand(frame_mm, VIEW_PX))
            continue
        camera = done.way.camera
        seen = crop.crop(frame_mm, frame.center_uvd, camera, VIEW_PX)
        left, top, right, bottom = crop.window(frame.center_uvd, camera)
        scale = VIEW_PX / max(right - left, bottom - top)
        places = (frame.joints_px - (left, top)) * scale
        picture = pictures.of_depth(seen)
        tiles.append(pictures.with_joints(picture, places, done.model.skeleton.bones))
    return pictures.grid(tiles, min(COLUMNS, len(tiles)))
