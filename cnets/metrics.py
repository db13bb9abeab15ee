"""Errors in millimetres: what a search minimises and a paper reports.

The distances are Euclidean, per joint; a frame counts as within a threshold when
its worst joint is, the threshold included. Thresholds are exact unless
`HALF_MM` is asked for. All figures are taken in float64. Training and evaluation
use the same functions; files and predictions are read elsewhere.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from cnets import geometry
from cnets.shapes import JointsMm


Errors = Float[Tensor, "batch joints"]
"""Distance of each joint from its label, millimetres."""

Limits = Float[Tensor, " limits"]
"""Thresholds, millimetres, or the share of frames within each."""

WITHIN_MM = (20, 40)
"""Thresholds of the shares of frames that are reported."""

CURVE_MM = 80
"""End of the curve of shares, millimetres."""

HALF_MM = 0.5
"""What the authors' released evaluation adds to every threshold."""

PERCENTILES = (90, 95, 99)
"""Percentiles of the joints' errors that are reported."""


def joint_errors(predicted: JointsMm, labels: JointsMm) -> Errors:
    """Distance of each joint from its label, millimetres."""
    return torch.linalg.vector_norm(predicted - labels, dim=-1)


def summary(errors: Errors, *, bonus_mm: float = 0.0) -> dict[str, float]:
    """The figures of a set of frames.

    Args:
        errors: At least one frame.
        bonus_mm: Added to every threshold; 0 or `HALF_MM`.

    Returns:
        `mean_joint_error_mm` and `median_joint_error_mm` over all joints of all
        frames (of an even number of errors the lower middle one),
        `worst_joint_error_mm` (mean over frames of the worst joint), and
        `frames_within_<T>mm`, the share of frames in [0, 1] whose worst joint is
        within T millimetres.
    """
    values = errors.double()
    figures = {
        "mean_joint_error_mm": float(values.mean()),
        "median_joint_error_mm": float(values.median()),
        "worst_joint_error_mm": float(values.amax(1).mean()),
    }
    limits = torch.tensor(WITHIN_MM, dtype=torch.float64)
    shares = curve(errors, limits, bonus_mm=bonus_mm).tolist()
    for limit_mm, share in zip(WITHIN_MM, shares, strict=True):
        figures[f"frames_within_{limit_mm}mm"] = share
    return figures


def per_joint(errors: Errors) -> list[float]:
    """Mean error of each joint, millimetres."""
    return errors.double().mean(0).tolist()


def percentile(errors: Errors, percent: float) -> float:
    """The error that a share of all joints of all frames does not exceed.

    Args:
        errors: At least one frame.
        percent: In [0, 100].

    Returns:
        Millimetres; linear between the two nearest ranks.

    Raises:
        ValueError: If `percent` is out of its range.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"`percent` must be in [0, 100], got {percent}.")
    ordered = errors.double().flatten().sort().values
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below].lerp(ordered[above], place - below))


def curve(errors: Errors, limits_mm: Limits, *, bonus_mm: float = 0.0) -> Limits:
    """Share of frames whose worst joint is within each threshold.

    Args:
        errors: At least one frame.
        limits_mm: Thresholds in any order; a joint at one is within it.
        bonus_mm: Added to every threshold; 0 or `HALF_MM`.

    Returns:
        One share a threshold, in [0, 1], float64. A frame with an error that is
        no number is within none.

    Source:
        Taylor et al. 2012; Wan et al. 2017 draw it at thresholds that are
        half a millimetre larger than they say (`bonus_mm`).
    """
    worst = errors.double().amax(1)
    reached = limits_mm.to(worst) + bonus_mm
    # Not searchsorted: it takes NaN for a number below the threshold.
    return (worst[:, None] <= reached).sum(0).double() / len(worst)


def area_under_curve(
    errors: Errors, *, end_mm: float = CURVE_MM, bonus_mm: float = 0.0
) -> float:
    """Area under `curve` from 0 to `end_mm`, over `end_mm`.

    The curve is a step function, and this is its exact integral: a frame whose
    worst joint is w off adds the stretch from w to `end_mm`. No grid of
    thresholds and no trapezoid is involved.

    Args:
        errors: At least one frame.
        end_mm: Where the area ends; above 0.
        bonus_mm: Added to every threshold; 0 or `HALF_MM`.

    Returns:
        In [0, 1]; 1 if every joint is hit.

    Raises:
        ValueError: If `end_mm` is not above 0.
    """
    if not end_mm > 0:
        raise ValueError(f"`end_mm` must be above 0, got {end_mm}.")
    begins = (errors.double().amax(1) - bonus_mm).clamp(0.0, float(end_mm))
    return float((end_mm - begins).mean() / end_mm)


def report(errors: Errors, *, bonus_mm: float = 0.0) -> dict[str, float]:
    """`summary`, and what is too much for an epoch.

    Args:
        errors: At least one frame.
        bonus_mm: Added to every threshold; 0 or `HALF_MM`.

    Returns:
        The figures of `summary`, `p<P>_joint_error_mm` for each of
        `PERCENTILES`, and `area_under_curve_80mm`.
    """
    figures = summary(errors, bonus_mm=bonus_mm)
    for percent in PERCENTILES:
        figures[f"p{percent}_joint_error_mm"] = percentile(errors, float(percent))
    area = area_under_curve(errors, bonus_mm=bonus_mm)
    return figures | {f"area_under_curve_{CURVE_MM}mm": area}


def mean_pose_errors(labels: JointsMm, root: int) -> Errors:
    """Errors of one and the same pose in every frame, put at the frame's root.

    The pose is the mean of these labels relative to the root, so this is what a
    model reaches that knows where the hand is and nothing else. `data.mean_pose` is
    another baseline: its mean is that of the training labels, relative to the
    centre of the crop.

    Args:
        labels: All frames.
        root: The joint that poses are relative to; its error is 0.
    """
    pose, _ = geometry.split_origin(labels, root)
    relative = pose.unflatten(1, (-1, 3))
    return joint_errors(relative, relative.mean(0, keepdim=True).expand_as(relative))
