"""The posterior path as few operations as possible: the weights that it then has.

A batch norm in evaluation mode is affine, and so are the change from units to
millimetres and the two dense layers that follow each other between the code and
the decoder's hidden layer; each is folded into its neighbour, in float64. Which
operations are left is written down in `onnx_graph`.
"""

import torch
from torch import Tensor, nn

from cnets.geometry import MM_PER_UNIT, ORIGIN_SIZE
from cnets.inference.model import Model
from cnets.networks.depth_gan import CodeHead, Trunk
from cnets.networks.pose_vae import PoseDecoder


def weights(model: Model) -> dict[str, Tensor]:
    """Weights and biases of every operation that is left, float64, on the CPU.

    Returns:
        For each operation `NAME_weight` and `NAME_bias`: `convolution_0` and so
        on, `code`, then `hidden` and `pose`, and beside them `origin`.
    """
    trunk, head, decoder = (
        model.modules[name] for name in ("trunk", "posterior", "decoder")
    )
    assert isinstance(trunk, Trunk)
    assert isinstance(head, CodeHead)
    assert isinstance(decoder, PoseDecoder)
    layers, made = [*trunk.shrink, *head.shrink], {}
    pairs = zip(layers[::3], layers[1::3], strict=True)
    for index, (convolution, norm) in enumerate(pairs):
        made[f"convolution_{index}"] = _normed(convolution, norm)
    made["code"] = _normed(head.dense, head.norm)
    read, bias = _double(head.read.weight), _double(head.read.bias)
    first = _double(decoder.hidden.weight)
    made["hidden"] = (
        first @ read[:-ORIGIN_SIZE],
        first @ bias[:-ORIGIN_SIZE] + _double(decoder.hidden.bias),
    )
    made["origin"] = (
        read[-ORIGIN_SIZE:] * MM_PER_UNIT,
        bias[-ORIGIN_SIZE:] * MM_PER_UNIT,
    )
    made["pose"] = (
        _double(decoder.pose.weight) * MM_PER_UNIT,
        _double(decoder.pose.bias) * MM_PER_UNIT,
    )
    return {
        f"{name}_{part}": tensor
        for name, pair in made.items()
        for part, tensor in zip(("weight", "bias"), pair, strict=True)
    }


def _normed(layer: nn.Module, norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias of a layer without bias, with the batch norm behind it."""
    assert isinstance(layer, nn.Linear | nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    spread = (_double(norm.running_var) + norm.eps).sqrt()
    scale = _double(norm.weight) / spread
    weight = torch.einsum("o...,o->o...", _double(layer.weight), scale)
    return weight, _double(norm.bias) - _double(norm.running_mean) * scale


def _double(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().double()
