"""The posterior path as few operations as possible: depth crop to millimetres.

A batch norm in evaluation mode is affine, and so are the change from units to
millimetres and the two dense layers that follow each other between the code and
the decoder's hidden layer; each is folded into its neighbour, in float64.
`Folded` is that path as an ordinary module, which export writes down and
`predictor` runs. Training and the other networks are elsewhere.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from cnets.geometry import MM_PER_UNIT, ORIGIN_SIZE
from cnets.inference.model import Model
from cnets.networks.depth_gan import CodeHead, Trunk
from cnets.networks.pose_vae import PoseDecoder
from cnets.shapes import CentreMm, Depth, JointsMm


SLOPE, CODE_SLOPE = 0.2, 0.01
"""Leak of the posterior head's rectifiers, and of the decoder's."""


class Folded(nn.Module):
    """Trunk, posterior head, decoder, origin and centre as one plain network."""

    def __init__(self, model: Model) -> None:
        """Copy what is needed of a model, folded; float32, on the CPU."""
        super().__init__()
        trunk, head, decoder = (
            model.modules[name] for name in ("trunk", "posterior", "decoder")
        )
        assert isinstance(trunk, Trunk)
        assert isinstance(head, CodeHead)
        assert isinstance(decoder, PoseDecoder)
        self.convolutions = nn.Sequential()
        layers = [*trunk.shrink, *head.shrink]
        for convolution, norm in zip(layers[::3], layers[1::3], strict=True):
            assert isinstance(convolution, nn.Conv2d)
            self.convolutions.append(_convolution(convolution, norm))
            self.convolutions.append(nn.LeakyReLU(SLOPE))
        scale, shift = _affine(head.norm)
        self.dense = _linear(_double(head.dense.weight) * scale[:, None], shift)
        self.hidden = _hidden(head.read, decoder.hidden)
        self.pose = _linear(
            _double(decoder.pose.weight) * MM_PER_UNIT,
            _double(decoder.pose.bias) * MM_PER_UNIT,
        )
        self.requires_grad_(False).eval()

    def forward(self, depth: Depth, centre_mm: CentreMm) -> JointsMm:
        """Joints in the camera frame, millimetres, y up."""
        return self.joints_mm(self.convolutions(depth), centre_mm)

    def joints_mm(self, maps: Tensor, centre_mm: CentreMm) -> JointsMm:
        """The same from the last convolution's maps."""
        code = leaky_relu(self.dense(maps.flatten(1)), SLOPE)
        hidden = self.hidden(code)
        pose_mm = self.pose(leaky_relu(hidden[:, :-ORIGIN_SIZE], CODE_SLOPE))
        root_mm = hidden[:, -ORIGIN_SIZE:] + centre_mm
        return pose_mm.unflatten(1, (-1, 3)) + root_mm[:, None]


def _convolution(layer: nn.Conv2d, norm: nn.Module) -> nn.Conv2d:
    """A convolution with the batch norm behind it."""
    scale, shift = _affine(norm)
    weight = _double(layer.weight) * scale[:, None, None, None]
    made = nn.Conv2d(
        layer.in_channels, layer.out_channels, 6, stride=2, padding=2, bias=True
    )
    _fill(made, weight, shift)
    return made


def _hidden(read: nn.Linear, hidden: nn.Linear) -> nn.Linear:
    """The code's last layer and the decoder's first as one; then the origin, mm."""
    weight, bias = _double(read.weight), _double(read.bias)
    first = _double(hidden.weight)
    return _linear(
        torch.cat([first @ weight[:-ORIGIN_SIZE], weight[-ORIGIN_SIZE:] * MM_PER_UNIT]),
        torch.cat(
            [
                first @ bias[:-ORIGIN_SIZE] + _double(hidden.bias),
                bias[-ORIGIN_SIZE:] * MM_PER_UNIT,
            ]
        ),
    )


def _affine(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Factor and summand of a batch norm in evaluation mode, float64."""
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    spread = (_double(norm.running_var) + norm.eps).sqrt()
    scale = _double(norm.weight) / spread
    return scale, _double(norm.bias) - _double(norm.running_mean) * scale


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    made = nn.Linear(weight.shape[1], weight.shape[0])
    _fill(made, weight, bias)
    return made


def _fill(layer: nn.Linear | nn.Conv2d, weight: Tensor, bias: Tensor) -> None:
    """Give a layer numbers, float32."""
    layer.weight = nn.Parameter(weight.float())
    layer.bias = nn.Parameter(bias.float())


def _double(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().double()
