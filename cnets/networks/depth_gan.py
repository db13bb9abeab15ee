"""The depth GAN's networks: alignment, generator, trunk and three heads.

All convolutions are 6x6 with stride 2, so sides double and halve exactly; the
smallest map is 4x4. The discriminator's trunk is two convolutions for every
image side; a head has what is left down to 4x4 (three at 128 px).

Source:
    Wan et al. 2017, arXiv:1702.03431, figure 2; layer order and initial
    values from the released code and weights.
"""

import torch
from torch import nn

from cnets.shapes import Code, Depth, Features


SMALLEST_SIDE = 4
TRUNK_CONVOLUTIONS = 2


class Alignment(nn.Module):
    """Maps the VAE's code to the generator's, before its tanh."""

    def __init__(self, code_size: int) -> None:
        """Square and without bias; batch norm has one."""
        super().__init__()
        self.dense = nn.Linear(code_size, code_size, bias=False)
        self.norm = _norm_1d(code_size)

    def forward(self, code: Code) -> Code:
        """The aligned code, not yet squashed."""
        return self.norm(self.dense(code))


class Generator(nn.Module):
    """Renders a depth crop from a code; its first operation is tanh."""

    def __init__(self, code_size: int, side_px: int, channels: int) -> None:
        """`code_size` numbers in, a crop of `side_px` out."""
        super().__init__()
        self.channels = channels
        smallest = channels * SMALLEST_SIDE**2
        self.dense = nn.Linear(code_size, smallest, bias=False)
        self.dense_norm = _norm_1d(smallest)
        self.grow = nn.Sequential()
        for _ in range(_halvings(side_px) - 1):
            self.grow.append(_transposed(channels, channels, bias=False))
            self.grow.append(_norm_2d(channels))
            self.grow.append(nn.ReLU())
        self.paint = _transposed(channels, 1, bias=True)

    def forward(self, code: Code) -> Depth:
        """Depth crops in [-1, 1]."""
        flat = torch.relu(self.dense_norm(self.dense(torch.tanh(code))))
        small = flat.unflatten(1, (self.channels, SMALLEST_SIDE, SMALLEST_SIDE))
        return torch.tanh(self.paint(self.grow(small)))


class Trunk(nn.Module):
    """The discriminator's first convolutions, shared by its heads."""

    def __init__(self, channels: int) -> None:
        """Two convolutions of `channels`."""
        super().__init__()
        self.shrink = _convolutions(1, channels, TRUNK_CONVOLUTIONS)

    def forward(self, depth: Depth) -> torch.Tensor:
        """Maps of a quarter of the side."""
        return self.shrink(depth)


class RealHead(nn.Module):
    """Tells real images from rendered ones; its features are matched."""

    def __init__(self, side_px: int, channels: int) -> None:
        """For crops of `side_px`."""
        super().__init__()
        self.shrink = _convolutions(channels, channels, _head_convolutions(side_px))
        self.dense = nn.Linear(channels * SMALLEST_SIDE**2, 1)

    def forward(self, maps: torch.Tensor) -> tuple[Features, torch.Tensor]:
        """The features to be matched, and the logit of the image being real."""
        features = self.shrink(maps)
        return features, self.dense(features.flatten(1)).squeeze(1)


class CodeHead(nn.Module):
    """Reads a code-sized vector from an image: posterior or smoother."""

    def __init__(
        self, side_px: int, channels: int, hidden: int, code_size: int
    ) -> None:
        """`hidden` units before the `code_size` numbers."""
        super().__init__()
        self.shrink = _convolutions(channels, channels, _head_convolutions(side_px))
        self.dense = nn.Linear(channels * SMALLEST_SIDE**2, hidden, bias=False)
        self.norm = _norm_1d(hidden)
        self.read = nn.Linear(hidden, code_size)

    def forward(self, maps: torch.Tensor) -> Code:
        """One vector an image, not squashed."""
        hidden = self.norm(self.dense(self.shrink(maps).flatten(1)))
        return self.read(nn.functional.leaky_relu(hidden, 0.2))


@torch.no_grad()
def initialise(module: nn.Module, generator: torch.Generator, *, std: float) -> None:
    """Draw the weights of any network of this file.

    Weights are N(0, `std`), scales of batch norm N(1, 0.02), shifts and biases
    0; the generator's last bias is 0.8, near the background of a crop.
    """
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.weight.normal_(1, 0.02, generator=generator)
            part.bias.zero_()
        elif isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            part.weight.normal_(0, std, generator=generator)
            if part.bias is not None:
                part.bias.zero_()
    if isinstance(module, Generator):
        module.paint.bias.fill_(0.8)  # pyright: ignore[reportOptionalMemberAccess]


def _halvings(side_px: int) -> int:
    return (side_px // SMALLEST_SIDE).bit_length() - 1


def _head_convolutions(side_px: int) -> int:
    return _halvings(side_px) - TRUNK_CONVOLUTIONS


def _convolutions(inputs: int, channels: int, count: int) -> nn.Sequential:
    layers = nn.Sequential()
    for index in range(count):
        source = inputs if index == 0 else channels
        layers.append(nn.Conv2d(source, channels, 6, stride=2, padding=2, bias=False))
        layers.append(_norm_2d(channels))
        layers.append(nn.LeakyReLU(0.2))
    return layers


def _transposed(inputs: int, outputs: int, *, bias: bool) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 6, stride=2, padding=2, bias=bias)


def _norm_1d(size: int) -> nn.BatchNorm1d:
    return nn.BatchNorm1d(size, eps=1e-4, momentum=0.1)


def _norm_2d(size: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(size, eps=1e-4, momentum=0.1)
