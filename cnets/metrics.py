"""Errors in millimetres: what a search minimises and a paper reports.

The distances are Euclidean, per joint; thresholds are exact (no half
millimetre is added, as the released evaluation does).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from cnets.shapes import JointsMm


Errors = Float[Tensor, "batch joints"]
"""Distance of each joint from its label, millimetres."""

WITHIN_MM = (20, 40)
"""Thresholds of the shares of frames that are reported."""


def joint_errors(predicted: JointsMm, labels: JointsMm) -> Errors:
    """Distance of each joint from its label, millimetres."""
    return torch.linalg.vector_norm(predicted - labels, dim=-1)


def summary(errors: Errors) -> dict[str, float]:
    """The figures of a set of frames.

    Returns:
        `mean_joint_error_mm` and `median_joint_error_mm` over all joints of all
        frames, `worst_joint_error_mm` (mean over frames of the worst joint),
        and `frames_within_<T>mm`, the share of frames in [0, 1] whose worst
        joint is within T millimetres.
    """
    values = errors.double()
    worst = values.amax(1)
    figures = {
        "mean_joint_error_mm": values.mean(),
        "median_joint_error_mm": values.median(),
        "worst_joint_error_mm": worst.mean(),
    }
    for limit_mm in WITHIN_MM:
        within = (worst <= limit_mm).double().mean()
        figures[f"frames_within_{limit_mm}mm"] = within
    return {name: float(value) for name, value in figures.items()}


def per_joint(errors: Errors) -> list[float]:
    """Mean error of each joint, millimetres."""
    return errors.double().mean(0).tolist()
