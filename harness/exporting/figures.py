"""The figures of a model card: errors, and how near the ONNX graph is to torch."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cnets import metrics
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from cnets.inference import onnx_graph
from cnets.inference.model import Model
from harness import evaluate
from harness.exporting import source


AGREEMENT_MM = 1e-3
"""Most that the ONNX graph may differ from torch in any coordinate."""

COMPARED = 24
"""Crops on which the two are compared."""


def measure(
    model: Model,
    graph: bytes,
    data: HandData | None,
    *,
    part: str = "test",
    device: str = "cpu",
) -> dict[str, Any]:
    """The figures of a model card.

    Args:
        model: The trained networks.
        graph: Its ONNX model.
        data: Measured on one of its parts; None for rendered crops, without errors.
        part: `validation`, or `test` for a model that was not chosen by it.
        device: Where frames are predicted.

    Returns:
        Figures by name; errors and `data` only if there are data.

    Raises:
        ValueError: If the data do not fit the model or do not have that part, or
            the graph does not give what torch gives.
    """
    figures: dict[str, Any] = {}
    if data is None:
        depth, centre_mm = rendered(model.config.networks.side_px)
    else:
        rows = _rows(model, data, part)
        figures = {"data": source.plain(data.name), "part": part}
        figures |= {"not_scored": data.lost.get(part, 0)}
        figures |= _errors(model, data, rows, device)
        some = rows[np.linspace(0, len(rows) - 1, min(COMPARED, len(rows))).astype(int)]
        depth, centre_mm = evaluate.crops(data, some)
    difference_mm = onnx_graph.difference_mm(graph, model, depth, centre_mm)
    if not difference_mm <= AGREEMENT_MM:
        raise ValueError(
            f"the ONNX model must give torch's joints within {AGREEMENT_MM:g} mm, and "
            f"differs by {difference_mm:g} mm."
        )
    used = ("trunk", "posterior", "decoder")
    return figures | {
        "onnx_difference_mm": difference_mm,
        "onnx_frames": len(depth),
        "parameters": _parameters(model, tuple(model.modules)),
        "parameters_of_prediction": _parameters(model, used),
    }


def rendered(side_px: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Crops of the embedded hands and their centres, where no data are at hand."""
    with tempfile.TemporaryDirectory(prefix="crossnets-export-") as scratch:
        spec = f"synthetic:{COMPARED}"
        data = open_data(spec, side_px=side_px, cache=Path(scratch))
        return evaluate.crops(data, np.arange(COMPARED))


def _rows(model: Model, data: HandData, part: str) -> np.ndarray:
    """The frames of a part of data that fit a model."""
    evaluate.same_hand(model, data)
    rows = data.rows(part)
    if not len(rows):
        raise ValueError(f"`data` must have {part} frames, got {data.name}.")
    return rows


def _errors(
    model: Model, data: HandData, rows: np.ndarray, device: str
) -> dict[str, Any]:
    """Errors on some frames, and those of the pose VAE alone."""
    labels = torch.tensor(data.joints_mm[rows])
    joints = list(data.evaluated)
    found = evaluate.predicted(model, data, rows, device)
    errors = metrics.joint_errors(found[:, joints], labels[:, joints])
    trip = metrics.joint_errors(model.round_trip(labels), labels)
    return {
        "frames": len(rows),
        **metrics.summary(errors),
        "vae_round_trip_mm": float(trip.double().mean()),
    }


def _parameters(model: Model, names: tuple[str, ...]) -> int:
    return sum(p.numel() for name in names for p in model.modules[name].parameters())
