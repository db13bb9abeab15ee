"""The quickest way to read a pose from a crop on this machine.

What is run is the folded network of `folded`; here is only how: on weights that
are laid out for oneDNN where that pays, else in channels-last order.
"""

import platform
from collections.abc import Callable

import torch
from torch import nn

from cnets.inference.folded import SLOPE, Folded
from cnets.inference.model import Model
from cnets.shapes import CentreMm, Depth, JointsMm


Predictor = Callable[[Depth, CentreMm], JointsMm]
"""Crops and the centres of their cubes to joints in the camera frame."""

PACKED_ON = ("x86_64", "AMD64")
"""Processors on which oneDNN's packed convolutions were tried."""


def fast(model: Model, device: torch.device | str = "cpu") -> Predictor:
    """`Model.predict` at the highest speed that torch gives without compiling.

    Building it takes milliseconds. On x86 processors the convolutions' weights
    are laid out once for oneDNN, which also applies the rectifiers; elsewhere
    it is the folded network in channels-last order. What comes out differs
    from `Model.predict` by rounding, less than 1e-3 mm.

    Args:
        model: The trained networks.
        device: Where to run; crops and centres must lie there.
    """
    folded = Folded(model).to(device)
    if torch.device(device).type == "cpu" and can_pack():
        side_px = model.config.networks.side_px
        return torch.inference_mode()(_packed(folded, side_px))
    for layer in folded.convolutions:
        if isinstance(layer, nn.Conv2d):
            ordered = layer.weight.contiguous(memory_format=torch.channels_last)
            layer.weight = nn.Parameter(ordered, requires_grad=False)

    @torch.inference_mode()
    def predict(depth: Depth, centre_mm: CentreMm) -> JointsMm:
        ordered = depth.contiguous(memory_format=torch.channels_last)
        return folded(ordered, centre_mm)

    return predict


def can_pack() -> bool:
    """Whether this torch on this machine has oneDNN's packed convolutions."""
    names = ("_reorder_convolution_weight", "_convolution_pointwise")
    return (
        torch.backends.mkldnn.is_available()
        and platform.machine() in PACKED_ON
        and all(hasattr(torch.ops.mkldnn, name) for name in names)
    )


def _packed(folded: Folded, side_px: int) -> Predictor:
    """The folded network on weights in oneDNN's own order, for one frame."""
    convolve = torch.ops.mkldnn._convolution_pointwise
    pack = torch.ops.mkldnn._reorder_convolution_weight
    layers, shape = [], [1, 1, side_px, side_px]
    for layer in folded.convolutions:
        if not isinstance(layer, nn.Conv2d):
            continue
        how = (list(layer.padding), list(layer.stride), list(layer.dilation), 1)
        layers.append((pack(layer.weight, *how, shape), layer.bias, *how))
        shape = [1, layer.out_channels, shape[2] // 2, shape[3] // 2]

    def predict(depth: Depth, centre_mm: CentreMm) -> JointsMm:
        maps = depth
        for layer in layers:
            maps = convolve(maps, *layer, "leaky_relu", [SLOPE], "")
        return folded.joints_mm(maps, centre_mm)

    return predict
