"""How many joints would lie on the hand if labels or frames were meant otherwise.

A share that is low as the files stand, and high under one supposition, says what is
wrong. The frames are read again, so only a few are tried.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cnets.cameras import Camera
from cnets.data.trust import measures
from cnets.data.trust.looking import Frames, Look


MOST_FRAMES = 24
"""Most frames that are tried."""

UNITS = {
    4.0: "quarters of a millimetre",
    8.0: "eighths of a millimetre",
    10.0: "tenths of a millimetre",
    1000.0: "micrometres",
    0.125: "millimetres that were divided by 8",
    0.1: "centimetres",
    0.001: "metres",
}
"""Units that depths come in, by how many of them a millimetre has."""

NEAR_UNIT = 1.12
"""How far a measured factor may be from one of `UNITS`, as a factor."""

Points = Float[np.ndarray, "joints 3"]

Flip = Callable[[Points, Camera], Points]
"""Turns pixels and depth of a label."""


@dataclass(frozen=True, kw_only=True)
class Supposed:
    """Shares of the joints that lie on or beside the hand, 0 to 1."""

    plain: float
    """As the files stand."""
    flips: dict[str, float]
    """With the labels turned, by how."""
    factor: float
    """Middle of the depth at the joints over the labels' depth; NaN if none is seen."""
    scaled: float
    """With the depths of the frames divided by `factor`."""


def _mm(change: Callable[[np.ndarray], np.ndarray]) -> Flip:
    """A change of points in millimetres as one of pixels and depth."""

    def changed(uvd: Points, camera: Camera) -> Points:
        return measures.pixels_uvd(change(measures.points_mm(uvd, camera)), camera)

    return changed


def _about_middle(points: np.ndarray) -> np.ndarray:
    """Depths turned round about their mean."""
    middle = np.nanmean(points[:, 2])
    return np.stack([points[:, 0], points[:, 1], 2 * middle - points[:, 2]], -1)


FLIPS: dict[str, Flip] = {
    "y turned round": _mm(lambda points: points * [1, -1, 1]),
    "x turned round": _mm(lambda points: points * [-1, 1, 1]),
    "depth turned round": _mm(_about_middle),
    "u and v exchanged": lambda uvd, _: uvd[:, [1, 0, 2]],
}
"""What may be wrong with the axes of labels."""


def suppose(frames: Frames, looks: list[Look]) -> Supposed | None:
    """The shares on some of the frames that were looked at.

    Returns:
        None if no joint of them is known.

    Raises:
        ValueError: If a frame is missing or damaged.
    """
    labelled = [look for look in looks if look.known.any()]
    if frames.joints_uvd is None or not labelled:
        return None
    places = np.linspace(0, len(labelled) - 1, min(MOST_FRAMES, len(labelled)))
    rows = [labelled[place].row for place in places.astype(int)]
    held = [(frames.read(row), frames.joints_uvd[row]) for row in rows]
    camera = frames.camera
    held = [(frame_mm, uvd[np.isfinite(uvd).all(1)]) for frame_mm, uvd in held]
    surface = [measures.surface_mm(f, uvd, camera) for f, uvd in held]
    factor = _middle([s / uvd[:, 2] for s, (_, uvd) in zip(surface, held, strict=True)])
    scale = near_unit(factor) if factor > 0 else 1.0

    def share(flip: Flip = lambda uvd, _: uvd, divisor: float = 1.0) -> float:
        hits = [
            measures.on_hand(frame_mm / np.float32(divisor), flip(uvd, camera), camera)
            for frame_mm, uvd in held
        ]
        return float(np.concatenate(hits).mean())

    return Supposed(
        plain=share(),
        flips={name: share(flip) for name, flip in FLIPS.items()},
        factor=factor,
        scaled=share(divisor=scale),
    )


def near_unit(factor: float) -> float:
    """The unit that a measured factor is near, or the factor itself."""
    unit = min(UNITS, key=lambda unit: abs(math.log(factor / unit)))
    return unit if 1 / NEAR_UNIT < factor / unit < NEAR_UNIT else factor


def _middle(parts: list[np.ndarray]) -> float:
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else np.nan
