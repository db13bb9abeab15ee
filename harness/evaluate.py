"""The papers' metrics of a file of predictions, of a model, or of its pose VAE.

The metrics themselves are in `cnets/metrics.py`, what is handed back in
`evaluation.py`; tables and pictures are made in `commands/printing/`.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cnets import metrics
from cnets.data import hidden
from cnets.data.crops.cache import Progress
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from cnets.data.readers.label_sets import LabelSet, label_set
from cnets.hands.skeleton import Skeleton
from cnets.inference import models, onnx_graph, prediction_files, prediction_units
from cnets.inference.model import Model
from cnets.inference.prediction_files import Wanted
from harness.evaluation import Evaluation
from harness.worker import device as here


ROWS_AT_ONCE = 256
"""Frames that are predicted together."""


def of_predictions(
    path: Path, data: str, *, unit: str = "uvd", bonus_mm: float = 0.0
) -> Evaluation:
    """The figures of a file of predictions.

    Args:
        path: The file, in one of the forms of `prediction_files`.
        data: The labels, as `label_set` takes them.
        unit: `uvd` for pixels and depth, made millimetres with the camera of the
            labels; `xyz` for millimetres of the camera frame, y up, z away. A file
            that says its own unit is read so.
        bonus_mm: Added to every threshold.

    Raises:
        ValueError: If the labels or the predictions are missing or damaged, or
            differ in frames, joints or unit.
    """
    labels = label_set(data)
    skeleton = labels.skeleton
    wanted = Wanted(
        frames=len(labels.joints_mm),
        names=labels.names,
        joints=_names(skeleton, labels.joints),
        whole=skeleton.joint_names,
    )
    given = prediction_files.read(path, wanted)
    seen = np.isfinite(given.points).all((1, 2))
    if not seen.any():
        raise ValueError(f"{path} must have joints of a frame, and no hand was found.")
    seen &= ~np.isnan(labels.joints_mm).all((1, 2))
    if not seen.any():
        raise ValueError(f"`data` must have a label of a frame in {path}, got none.")
    rows, way = given.points[seen], given.unit or unit
    prediction_units.check(path, rows, labels.joints_mm[seen], way, labels.camera)
    points = prediction_units.to_mm(torch.from_numpy(rows), way, labels.camera)
    known = torch.from_numpy(labels.joints_mm[seen])
    errors = metrics.joint_errors(points, known)
    return Evaluation(
        source=str(path),
        data=data,
        joints=wanted.joints,
        errors=errors,
        plotted=errors,
        figures=metrics.report(errors, bonus_mm=bonus_mm),
        not_scored=int((~seen).sum()),
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
        those that the papers evaluate (frames with all joints are taken), and the
        baseline `mean_pose_mm`: the mean
        of these labels relative to the root joint, put at each frame's root, over
        the evaluated joints (51.35 on the NYU test poses, 41.22 on MSRA14).

    Raises:
        ValueError: If model or labels are missing or damaged, or have different
            hands.
    """
    labels = label_set(data, full=True)
    model = models.open_model(name)
    same_hand(model, labels)
    whole = ~np.isnan(labels.joints_mm).any((1, 2))
    if not whole.any():
        raise ValueError(
            f"`data` must have a frame with all joints, and {data} has none."
        )
    joints_mm = torch.from_numpy(labels.joints_mm[whole])
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
            "vae_round_trip_mm": float(errors.nanmean()),
            "vae_round_trip_evaluated_mm": float(errors[:, evaluated].nanmean()),
            "mean_pose_mm": float(baseline[:, evaluated].nanmean()),
        },
        not_scored=int((~whole).sum()),
        bonus_mm=bonus_mm,
    )


def of_model(
    name: str,
    spec: str,
    *,
    part: str = "validation",
    split: str | None = None,
    unlabelled: str | None = None,
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
        unlabelled: Share of the test split that the model was trained on without
            labels, `test:SHARE`; those frames are not evaluated. None is what the
            model's files say.
        store: Its folder `cache` holds the prepared data.
        device: Where frames are predicted.
        bonus_mm: Added to every threshold.
        progress: Told how far the preparation of the data is.
        predicting: Told how many frames are predicted.

    Raises:
        ValueError: If model or data are missing or damaged, have different hands,
            the part has no frame, the device is not there, or `unlabelled` is no share.
    """
    here.check(device)
    model = models.open_model(name)
    data = open_data(
        spec,
        side_px=model.config.networks.side_px,
        split=split,
        unlabelled=hidden.only_share(unlabelled, model.seen),
        cache=store / "cache",
        progress=progress,
    )
    same_hand(model, data)
    rows = _rows(data, part)
    joints = list(data.evaluated)
    labels = torch.tensor(data.joints_mm[rows][:, joints]).double()
    joints_mm = predicted(model, data, rows, device, predicting)
    points = joints_mm[:, joints].double()
    errors = metrics.joint_errors(_finite(points), labels)
    return Evaluation(
        source=name,
        data=f"{spec}, {part}" + (f" without {data.seen}" if data.seen else ""),
        joints=_names(data.skeleton, data.evaluated),
        errors=errors,
        plotted=errors,
        figures=metrics.report(errors, bonus_mm=bonus_mm),
        not_scored=_not_scored(data, part),
        bonus_mm=bonus_mm,
    )


def same_hand(model: Model, data: LabelSet | HandData) -> None:
    """Refuse data that show another hand than a model knows.

    Raises:
        ValueError: If they have other joints, or are known to show the other side.
    """
    own, other = model.skeleton, data.skeleton
    if own.joint_names != other.joint_names:
        raise ValueError(
            f"`data` must have the hand of the model, {own.name} with "
            f"{len(own.joint_names)} joints, got {other.name} with "
            f"{len(other.joint_names)}{_first_other(own, other)}."
        )
    side = data.hand if isinstance(data, HandData) else None
    if model.hand is not None and side is not None and side != model.hand:
        raise ValueError(
            f"`data` must show the hand that the model reads, {model.hand}, got {side}: "
            "`+mirror` behind the kind, such as icvl+mirror:DIR, turns them round."
        )


def _first_other(own: Skeleton, other: Skeleton) -> str:
    """Where two hands of as many joints differ, in words."""
    if len(own.joint_names) != len(other.joint_names):
        return ""
    pairs = enumerate(zip(own.joint_names, other.joint_names, strict=True))
    joint, (mine, theirs) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
    return f", of which joint {joint} is {theirs!r} and not {mine!r}"


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


def _rows(data: HandData, part: str) -> np.ndarray:
    """The frames of a part."""
    if part != "all":
        rows = data.rows(part)
    else:
        rows = np.arange(len(data.crops))
        if data.empty:
            rows = rows[[bool((crop < 1).any()) for crop in data.crops]]
    if not len(rows):
        counts = {
            name: len(data.rows(name)) for name in ("train", "validation", "test")
        }
        there = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        raise ValueError(
            f"`--part` must have frames in {data.name} (it has {there or 'none'}), got "
            f"{part!r}."
        )
    return rows


def _not_scored(data: HandData, part: str) -> int:
    """Frames of a part in which no hand was seen, or that have no label."""
    return data.empty if part == "all" else data.lost.get(part, 0)


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
