"""The papers' metrics of a file of predictions, of a model, or of its pose VAE.

The metrics themselves are in `cnets/metrics.py`, what is handed back in
`evaluation.py`; tables and pictures are made in `commands/printing/`.
"""

import gzip
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cnets import geometry, metrics
from cnets.data.crops.cache import Progress
from cnets.data.files import label_files
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from cnets.data.readers.label_sets import LabelSet, label_set
from cnets.hands.skeleton import Skeleton
from cnets.inference import models, onnx_graph
from cnets.inference.model import Model
from harness.evaluation import Evaluation


ROWS_AT_ONCE = 256
"""Frames that are predicted together."""

LONGEST_ROW_BYTES = 1 << 16
"""Most that is looked at to count the numbers of a row; 108 take 2 KiB."""


def of_predictions(
    path: Path, data: str, *, unit: str = "uvd", bonus_mm: float = 0.0
) -> Evaluation:
    """The figures of a text file of predictions.

    Args:
        path: One row a frame, in the order of the labels; three numbers for each
            joint that the papers evaluate, or for each of the whole skeleton.
        data: The labels, as `label_set` takes them.
        unit: `uvd` for pixels and depth, made millimetres with the camera of the
            labels; `xyz` for millimetres of the camera frame, y up, z away.
        bonus_mm: Added to every threshold.

    Raises:
        ValueError: If the labels or the predictions are missing or damaged, or
            differ in frames or joints.
    """
    labels = label_set(data)
    rows = torch.from_numpy(_predictions(path, labels))
    if len(rows) != len(labels.joints_mm):
        raise ValueError(
            f"{path} must have a row for each frame of {data}, got {len(rows)} rows "
            f"and {len(labels.joints_mm)} frames."
        )
    points = rows if unit == "xyz" else geometry.to_mm_from_uvd(rows, labels.camera)
    errors = metrics.joint_errors(points, torch.from_numpy(labels.joints_mm))
    return Evaluation(
        source=str(path),
        data=data,
        joints=_names(labels.skeleton, labels.joints),
        errors=errors,
        plotted=errors,
        figures=metrics.report(errors, bonus_mm=bonus_mm),
        bonus_mm=bonus_mm,
    )


def of_vae(name: str, data: str, *, bonus_mm: float = 0.0) -> Evaluation:
    """What a model's pose VAE loses of labelled poses that it encodes and decodes.

    Args:
        name: The model, as `models.open_model` takes it.
        data: The labels, as `label_set` takes them, with all joints.
        bonus_mm: Added to every threshold of the curve that is drawn.

    Returns:
        `vae_round_trip_mm` over all joints, `vae_round_trip_evaluated_mm` over
        those that the papers evaluate, and the baseline `mean_pose_mm`: the mean
        of these labels relative to the root joint, put at each frame's root, over
        the evaluated joints (51.35 on the NYU test poses, 41.22 on MSRA14).

    Raises:
        ValueError: If model or labels are missing or damaged, or have different
            hands.
    """
    labels = label_set(data, full=True)
    model = models.open_model(name)
    same_hand(model, labels.skeleton)
    joints_mm = torch.from_numpy(labels.joints_mm)
    trip = model.round_trip(joints_mm.float()).double()
    errors = metrics.joint_errors(_finite(trip), joints_mm)
    evaluated = list(labels.skeleton.evaluated)
    baseline = metrics.mean_pose_errors(joints_mm, labels.skeleton.root)
    return Evaluation(
        source=name,
        data=data,
        joints=_names(labels.skeleton, labels.joints),
        errors=errors,
        plotted=errors[:, evaluated],
        figures={
            "vae_round_trip_mm": float(errors.mean()),
            "vae_round_trip_evaluated_mm": float(errors[:, evaluated].mean()),
            "mean_pose_mm": float(baseline[:, evaluated].mean()),
        },
        bonus_mm=bonus_mm,
    )


def of_model(
    name: str,
    spec: str,
    *,
    part: str = "test",
    split: str | None = None,
    store: Path,
    device: str = "cpu",
    bonus_mm: float = 0.0,
    progress: Progress | None = None,
    predicting: Progress | None = None,
) -> Evaluation:
    """The figures of a model that reads the frames of a data set.

    Args:
        name: The model, as `models.open_model` takes it.
        spec: The data set, as `open_data` takes it.
        part: A split, or `all` for all frames in which the hand was seen.
        split: Name of the split; None is the data's own default.
        store: Its folder `cache` holds the prepared data.
        device: Where frames are predicted.
        bonus_mm: Added to every threshold.
        progress: Told how far the preparation of the data is.
        predicting: Told how many frames are predicted.

    Raises:
        ValueError: If model or data are missing or damaged, have different hands,
            or the part has no frame.
    """
    model = models.open_model(name)
    data = open_data(
        spec,
        side_px=model.config.networks.side_px,
        split=split,
        cache=store / "cache",
        progress=progress,
    )
    same_hand(model, data.skeleton)
    rows = _rows(data, part)
    joints = list(data.evaluated)
    labels = torch.tensor(data.joints_mm[rows][:, joints]).double()
    joints_mm = predicted(model, data, rows, device, predicting)
    points = joints_mm[:, joints].double()
    errors = metrics.joint_errors(_finite(points), labels)
    return Evaluation(
        source=name,
        data=f"{spec}, {part}",
        joints=_names(data.skeleton, data.evaluated),
        errors=errors,
        plotted=errors,
        figures=metrics.report(errors, bonus_mm=bonus_mm),
        bonus_mm=bonus_mm,
    )


def same_hand(model: Model, skeleton: Skeleton) -> None:
    """Refuse data that show another hand than a model knows.

    Raises:
        ValueError: If they do.
    """
    own, other = model.skeleton, skeleton
    if own.name != other.name:
        raise ValueError(
            f"`data` must have the hand of the model, {own.name} with "
            f"{len(own.joint_names)} joints, got {other.name} with "
            f"{len(other.joint_names)}."
        )


def predicted(
    model: Model,
    data: HandData,
    rows: np.ndarray,
    device: str,
    progress: Progress | None = None,
) -> Tensor:
    """All joints of some frames, millimetres."""
    run, parts = onnx_graph.predictor(model, device), []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        if progress is not None:
            progress(start, len(rows))
        depth, centres_mm = crops(data, rows[start : start + ROWS_AT_ONCE])
        parts.append(run(depth.to(device), centres_mm.to(device)).cpu())
    if progress is not None:
        progress(len(rows), len(rows))
    return torch.cat(parts)


def crops(data: HandData, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """The crops of some frames, and the centres of their cubes."""
    depth = torch.from_numpy(np.asarray(data.crops[rows], np.float32))[:, None]
    return depth, torch.tensor(data.centres_mm[rows])


def _predictions(path: Path, labels: LabelSet) -> np.ndarray:
    """Predicted joints, [frames, joints of the labels, 3]."""
    held, whole = len(labels.joints), len(labels.skeleton.joint_names)
    columns = _first_columns(path)
    if columns == 3 * whole:
        return label_files.uvd_text(path, whole)[:, list(labels.joints)]
    if columns and columns != 3 * held:
        known = " or ".join(str(3 * count) for count in sorted({held, whole}))
        raise ValueError(
            f"{path} must have {known} numbers in every row, got {columns} in row 1."
        )
    return label_files.uvd_text(path, held)


def _first_columns(path: Path) -> int:
    """Words in the first row; 0 if there is none, which `uvd_text` complains of."""
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as file:
            return len(file.readline(LONGEST_ROW_BYTES).replace(b",", b" ").split())
    except (OSError, EOFError, zlib.error):
        return 0


def _rows(data: HandData, part: str) -> np.ndarray:
    """The frames of a part."""
    if part != "all":
        rows = data.rows(part)
    else:
        rows = np.arange(len(data.crops))
        if data.empty:
            rows = rows[[bool((crop < 1).any()) for crop in data.crops]]
    if not len(rows):
        raise ValueError(f"`--part` must have frames in {data.name}, got {part!r}.")
    return rows


def _finite(points: Tensor) -> Tensor:
    """The points that a model gave, refused if one is no number."""
    wrong = int((~points.isfinite()).flatten(1).any(1).sum())
    if wrong:
        raise ValueError(
            f"the model must give finite joints, and does not in {wrong} of "
            f"{len(points)} frames."
        )
    return points


def _names(skeleton: Skeleton, joints: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(skeleton.joint_names[joint] for joint in joints)
