"""Weights of dense convolutions that stand for strided and transposed ones.

A dense weight repeats or spreads the numbers of the plain one; its gradient is
collected from all copies. How images and maps are run is in `strided`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


KERNEL = 6
"""Side of every kernel of `depth_gan`."""


def dense(kind: str, weight: Tensor) -> Tensor:
    """The weight of the dense convolution that stands for a strided one.

    Args:
        kind: `double`, `halve`, `image` or `paint`; see the layouts below.
        weight: Of the plain operation, [outputs or inputs, the other, 6, 6].

    Returns:
        [outputs, inputs, height, width] of the dense one; zeros where no tap
        reaches.
    """
    return _Gather.apply(weight, kind)


class _Gather(torch.autograd.Function):
    """The dense convolution's weight; zeros where no tap reaches."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, kind: str) -> Tensor:
        ctx.kind = kind
        ctx.save_for_backward(weight)
        places, _ = _tables(kind, tuple(weight.shape), weight.device)
        flat = weight.reshape(-1)
        if kind in ("image", "paint"):
            flat = functional.pad(flat, (0, 1))
        return flat[places].permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor, None]:
        (gradient,), (weight,) = gradients, ctx.saved_tensors
        return collected(gradient, weight, ctx.kind), None


def collected(gradient: Tensor, weight: Tensor, kind: str) -> Tensor:
    """Gradient in the weight from that in the dense one: a sum over its copies."""
    _, sources = _tables(kind, tuple(weight.shape), weight.device)
    flat = gradient.permute(0, 2, 3, 1).reshape(-1)
    return flat[sources].sum(1).view(weight.shape)


@cache
def _tables(
    kind: str, shape: tuple[int, ...], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Where in a weight the dense one's numbers are, and back.

    One look-up a call costs a tenth of turning a weight's six axes over.

    Returns:
        [outputs, height, width, inputs] of the dense weight, one beyond the
        weight's end for a zero; and [numbers of the weight, copies].
    """
    count = shape[0] * shape[1] * KERNEL**2
    places = _LAYOUTS[kind](torch.arange(count).view(shape), count)
    order = torch.argsort(places.reshape(-1), stable=True)
    copies = int((places < count).sum()) // count
    sources = order[: copies * count].view(count, copies)
    return places.contiguous().to(device), sources.to(device)


def _double_layout(taps: Tensor, _zero: int) -> Tensor:
    inputs, outputs = taps.shape[:2]
    parts = taps.view(inputs, outputs, 3, 2, 3, 2).flip(2, 4)
    return parts.permute(3, 5, 1, 2, 4, 0).reshape(4 * outputs, 3, 3, inputs)


def _halve_layout(taps: Tensor, _zero: int) -> Tensor:
    outputs, inputs = taps.shape[:2]
    parts = taps.view(outputs, inputs, 3, 2, 3, 2)
    return parts.permute(0, 2, 4, 3, 5, 1).reshape(outputs, 3, 3, 4 * inputs)


def _image_layout(taps: Tensor, zero: int) -> Tensor:
    """An 8x8 kernel of stride 4 for each of a block's four pixels."""
    outputs = len(taps)
    places = torch.full((2, 2, outputs, 8, 8), zero)
    for row in range(2):
        for column in range(2):
            across = slice(2 * column, 2 * column + KERNEL)
            part = places[row, column, :, 2 * row : 2 * row + KERNEL, across]
            part.copy_(taps[:, 0])
    return places.view(4 * outputs, 8, 8, 1)


def _paint_layout(taps: Tensor, zero: int) -> Tensor:
    """From blocks of 2x2 pixels to blocks of 4x4.

    Row r of a block is reached by row p of the block `tap` - 1 further on,
    through row r + 6 - 4 `tap` - 2 p of the kernel.
    """
    inputs = len(taps)
    places = torch.full((4, 4, 3, 3, 2, 2, inputs), zero)
    for r, tap, p in _reached():
        for s, other, q in _reached():
            k, m = r + 6 - 4 * tap - 2 * p, s + 6 - 4 * other - 2 * q
            places[r, s, tap, other, p, q] = taps[:, 0, k, m]
    return places.view(16, 3, 3, 4 * inputs)


def _reached() -> list[tuple[int, int, int]]:
    every = ((r, tap, p) for r in range(4) for tap in range(3) for p in range(2))
    return [(r, t, p) for r, t, p in every if 0 <= r + 6 - 4 * t - 2 * p < KERNEL]


_LAYOUTS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "double": _double_layout,
    "halve": _halve_layout,
    "image": _image_layout,
    "paint": _paint_layout,
}
