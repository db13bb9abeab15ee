"""What a structured-light depth camera makes of a perfect depth image.

Sources:
    Axial noise: Nguyen, Izadi and Lovell 2012, "Modeling Kinect sensor noise",
    sigma = 1.2 mm + 1.9 mm (z - 0.4 m)^2 per square metre, for surfaces that
    face the camera. Quantisation: Khoshelham and Elberink 2012, "Accuracy and
    resolution of Kinect depth data", steps of 2.85 mm z^2 per square metre.
    Lost pixels at depth edges: both papers; their share is our choice.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from cnets.shapes import DepthMm


EDGE_MM = 25.0
"""Difference between neighbours that makes an edge."""

LOST_AT_EDGES = 0.35
"""Share of the sensor's pixels at an edge that are lost."""

INVERSE_STEP = 2.85e-6
"""Step of the inverse depth, per millimetre."""


def axial_std_mm(depth_mm: Tensor) -> Tensor:
    """Standard deviation of the measured depth, millimetres."""
    return 1.2 + 1.9 * (depth_mm / 1000 - 0.4).square()


def observe(
    depth_mm: DepthMm,
    generator: torch.Generator,
    *,
    sensor_px: Float[Tensor, " batch"],
) -> DepthMm:
    """The depth images as a sensor would give them.

    Args:
        depth_mm: Perfect images; 0 where nothing is.
        generator: Source of the noise.
        sensor_px: Pixels of the sensor that one pixel of the image spans; where
            it is more than one, fewer of them lie right at an edge.

    Returns:
        Noisy, quantised images; 0 where nothing is and where a pixel is lost.
    """
    seen = depth_mm > 0
    noise = torch.randn(depth_mm.shape, generator=generator)
    draw = torch.rand(depth_mm.shape, generator=generator)
    noisy = depth_mm + axial_std_mm(depth_mm) * noise.to(depth_mm)
    steps = (1 / noisy.clamp(min=1.0) / INVERSE_STEP).round().clamp(min=1)
    share = (LOST_AT_EDGES / sensor_px.clamp(min=1.0))[:, None, None]
    lost = at_edges(depth_mm) & (draw.to(depth_mm) < share)
    return torch.where(seen & ~lost, 1 / (steps * INVERSE_STEP), 0.0)


def at_edges(depth_mm: DepthMm) -> Tensor:
    """Where a pixel differs by more than `EDGE_MM` from one of its neighbours."""
    padded = functional.pad(depth_mm.unsqueeze(1), (1, 1, 1, 1), mode="replicate")
    farthest = functional.max_pool2d(padded, 3, stride=1)
    nearest = -functional.max_pool2d(-padded, 3, stride=1)
    return (farthest - nearest).squeeze(1) > EDGE_MM
