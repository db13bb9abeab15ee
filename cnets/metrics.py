"""Errors in millimetres: what a search minimises and a paper reports.

The distances are Euclidean, per joint; a frame counts as within a threshold when
its worst joint is, the threshold included. Thresholds are exact unless
`HALF_MM` is asked for. An error is NaN where the label is not known, and no figure
counts it; a frame without a known joint is not scored. All figures are taken in float64. Training and evaluation
use the same functions; files and predictions are read elsewhere.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from cnets import geometry
from cnets.shapes import JointsMm


Errors = Float[Tensor, "batch joints"]
"""Distance of each joint from its label, millimetres; NaN where none is known."""

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
    """Distance of each joint from its label, millimetres.

    Args:
        predicted: The joints that are judged.
        labels: NaN where a joint is not known.

    Returns:
        NaN where the label is NaN, and nowhere else: a prediction that is no number
        is infinitely far off, so that no figure leaves it out.
    """
    errors = torch.linalg.vector_norm(predicted - labels, dim=-1)
    errors = torch.where(errors.isnan(), torch.inf, errors)
    return torch.where(labels.isnan().any(-1), torch.nan, errors)


def scored(errors: Errors) -> dict[str, int]:
    """`frames_scored` and `joints_scored`: how many have a known label."""
    known = ~errors.isnan()
    return {
        "frames_scored": int(known.any(1).sum()),
        "joints_scored": int(known.sum()),
    }


def worst_joint(errors: Errors) -> Float[Tensor, " scored"]:
    """Error of the worst known joint of each frame that has one, float64.

    Raises:
        ValueError: If no frame has one.
    """
    known = ~errors.isnan()
    worst = torch.where(known, errors.double(), -torch.inf).amax(1)[known.any(1)]
    if not len(worst):
        raise ValueError(
            f"`errors` must have a joint that is known, got none in {len(errors)} "
            "frames."
        )
    return worst


def summary(errors: Errors, *, bonus_mm: float = 0.0) -> dict[str, float]:
    """The figures of a set of frames.

    Args:
        errors: At least one known joint.
        bonus_mm: Added to every threshold; 0 or `HALF_MM`.

    Returns:
        `mean_joint_error_mm` and `median_joint_error_mm` over all joints of all
        frames (of an even number of errors the lower middle one),
        `worst_joint_error_mm` (mean over frames of the worst joint), and
        `frames_within_<T>mm`, the share of frames in [0, 1] whose worst joint is
        within T millimetres.

    Raises:
        ValueError: If no joint is known.
    """
    values = errors.double()
    figures = {
        "mean_joint_error_mm": float(values.nanmean()),
        "median_joint_error_mm": float(values.nanmedian()),
        "worst_joint_error_mm": float(worst_joint(errors).mean()),
    }
    limits = torch.tensor(WITHIN_MM, dtype=torch.float64)
    shares = curve(errors, limits, bonus_mm=bonus_mm).tolist()
    for limit_mm, share in zip(WITHIN_MM, shares, strict=True):
        figures[f"frames_within_{limit_mm}mm"] = share
    return figures


def per_joint(errors: Errors) -> list[float]:
    """Mean error of each joint, millimetres; NaN if no frame knows it."""
    return errors.double().nanmean(0).tolist()


def percentile(errors: Errors, percent: float) -> float:
    """The error that a share of all joints of all frames does not exceed.

    Args:
        errors: At least one known joint.
        percent: In [0, 100].

    Returns:
        Millimetres; linear between the two nearest ranks.

    Raises:
        ValueError: If `percent` is out of its range.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"`percent` must be in [0, 100], got {percent}.")
    ordered = errors[~errors.isnan()].double().sort().values
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below].lerp(ordered[above], place - below))


def curve(errors: Errors, limits_mm: Limits, *, bonus_mm: float = 0.0) -> Limits:
    """Share of scored frames whose worst joint is within each threshold.

    Args:
        errors: At least one known joint.
        limits_mm: Thresholds in any order; a joint at one is within it.
        bonus_mm: Added to every threshold; 0 or `HALF_MM`.

    Returns:
        One share a threshold, in [0, 1], float64.

    Raises:
        ValueError: If no joint is known.

    Source:
        Taylor et al. 2012; Wan et al. 2017 draw it at thresholds that are
        half a millimetre larger than they say (`bonus_mm`).
    """
    worst = worst_joint(errors)
    reached = limits_mm.to(worst) + bonus_mm
    return (worst[:, None] <= reached).sum(0).double() / len(worst)


def area_under_curve(
    errors: Errors, *, end_mm: float = CURVE_MM, bonus_mm: float = 0.0
) -> float:
    """Area under `curve` from 0 to `end_mm`, over `end_mm`.

    The curve is a step function, and this is its exact integral: a frame whose
    worst joint is w off adds the stretch from w to `end_mm`. No grid of
    thresholds and no trapezoid is involved.

    Args:
        errors: At least one known joint.
        end_mm: Where the area ends; above 0.
        bonus_mm: Added to every threshold; 0 or `HALF_MM`.

    Returns:
        In [0, 1]; 1 if every joint is hit.

    Raises:
        ValueError: If `end_mm` is not above 0, or no joint is known.
    """
    if not end_mm > 0:
        raise ValueError(f"`end_mm` must be above 0, got {end_mm}.")
    begins = (worst_joint(errors) - bonus_mm).clamp(0.0, float(end_mm))
    return float((end_mm - begins).mean() / end_mm)


def report(errors: Errors, *, bonus_mm: float = 0.0) -> dict[str, float]:
    """`summary`, and what is too much for an epoch.

    Args:
        errors: At least one known joint.
        bonus_mm: Added to every threshold; 0 or `HALF_MM`.

    Returns:
        The figures of `summary`, `p<P>_joint_error_mm` for each of
        `PERCENTILES`, `area_under_curve_80mm`, and the counts of `scored`.

    Raises:
        ValueError: If no joint is known.
    """
    figures = summary(errors, bonus_mm=bonus_mm)
    for percent in PERCENTILES:
        figures[f"p{percent}_joint_error_mm"] = percentile(errors, float(percent))
    area = area_under_curve(errors, bonus_mm=bonus_mm)
    return figures | {f"area_under_curve_{CURVE_MM}mm": area} | scored(errors)


def mean_pose_errors(labels: JointsMm, root: int) -> Errors:
    """Errors of one and the same pose in every frame, put at the frame's root.

    The pose is the mean of the known labels relative to the root, so this is what a
    model reaches that knows where the hand is and nothing else. `data.mean_pose` is
    another baseline: its mean is that of the training labels, relative to the
    centre of the crop.

    Args:
        labels: All frames; NaN where a joint is not known.
        root: The joint that poses are relative to; its error is 0. A frame where it
            is not known is not scored.
    """
    pose, _ = geometry.split_origin(labels, root)
    relative = pose.unflatten(1, (-1, 3))
    mean = relative.nanmean(0, keepdim=True)
    return joint_errors(mean.expand_as(relative), relative)
