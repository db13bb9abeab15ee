"""The 6x6 convolutions of stride 2, and their transposes, as dense 3x3 ones.

A CPU's kernels are fast for dense convolutions of many channels, slow for
transposed ones and for the gradient of a strided one in its input. Every
function here gives the numbers of the plain operation, but for rounding, and
its gradients. Second derivatives and `vmap` are not supported.

The largest maps, of half the image's side, stay *folded*: each 2x2 block of
pixels is one pixel with four times the channels, upper row first, then the
block's columns, then the channels. Folding a map that lies in memory pixel by
pixel (`channels_last`) that way makes all convolutions around it dense and
takes no copy.

Source:
    Shi et al. 2016, arXiv:1609.07009: a transposed convolution is a dense one
    with more channels, shuffled.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from cnets.training.fast import dense_weights


STRIDE, PADDING = 2, 2
"""Of every convolution of `depth_gan`; `dense_weights` knows its kernel."""


def halve(images: Tensor, weight: Tensor) -> Tensor:
    """A convolution that halves the side.

    Args:
        images: [batch, inputs, side, side], an even side.
        weight: [outputs, inputs, 6, 6].
    """
    return _Halve.apply(images, weight)


def double(images: Tensor, weight: Tensor) -> Tensor:
    """The transposed convolution that doubles the side: the adjoint of `halve`.

    Args:
        images: [batch, inputs, side, side].
        weight: [inputs, outputs, 6, 6].
    """
    return _Double.apply(images, weight)


def halve_image(images: Tensor, weight: Tensor) -> Tensor:
    """`halve` for images of one channel; the maps are folded.

    Args:
        images: [batch, 1, side, side], a side that 4 divides.
        weight: [outputs, 1, 6, 6].

    Returns:
        [batch, 4 outputs, side / 4, side / 4].
    """
    return _HalveImage.apply(images, weight)


def halve_folded(maps: Tensor, weight: Tensor) -> Tensor:
    """`halve` for folded maps; what it gives is not folded."""
    return functional.conv2d(maps, dense_weights.dense("halve", weight), padding=1)


def double_folded(maps: Tensor, weight: Tensor) -> Tensor:
    """`double` whose result stays folded."""
    return functional.conv2d(
        pixelwise(maps), dense_weights.dense("double", weight), padding=1
    )


def double_to_image(maps: Tensor, weight: Tensor) -> Tensor:
    """`double` for folded maps and one output channel: an image.

    Args:
        maps: [batch, 4 inputs, height, width], folded.
        weight: [inputs, 1, 6, 6].

    Returns:
        [batch, 1, 4 height, 4 width].
    """
    return _DoubleToImage.apply(maps, weight)


def blocks_as_pixels(maps: Tensor) -> Tensor:
    """Folded maps as maps of all their pixels, each row of blocks one row.

    The order of the pixels is not that of the image, which per-channel work
    such as batch norm does not mind; nothing is copied.
    """
    batch, folded, height, width = maps.shape
    flat = maps.permute(0, 2, 3, 1).reshape(batch, height, 4 * width, folded // 4)
    return flat.permute(0, 3, 1, 2)


def pixels_as_blocks(maps: Tensor) -> Tensor:
    """The inverse of `blocks_as_pixels`."""
    batch, channels, height, width = maps.shape
    flat = maps.permute(0, 2, 3, 1).reshape(batch, height, width // 4, 4 * channels)
    return flat.permute(0, 3, 1, 2)


def pixelwise(maps: Tensor) -> Tensor:
    """The same maps, channels side by side in memory, also if there is only one.

    Then both layouts are one; only the strides tell torch which is meant.
    """
    if maps.shape[1] > 1:
        return maps.contiguous(memory_format=torch.channels_last)
    batch, _, height, width = maps.shape
    strides = (height * width, 1, width, 1)
    return maps.contiguous().as_strided((batch, 1, height, width), strides)


def _spread(maps: Tensor, times: int) -> Tensor:
    """Channels (row, column, channel) laid out as `times` x `times` pixels."""
    batch, channels, height, width = maps.shape
    parts = maps.permute(0, 2, 3, 1).reshape(batch, height, width, times, times, -1)
    whole = parts.permute(0, 1, 3, 2, 4, 5)
    sides = (times * height, times * width, channels // times**2)
    return whole.reshape(batch, *sides).permute(0, 3, 1, 2)


def _doubled(images: Tensor, weight: Tensor) -> Tensor:
    dense = dense_weights.dense("double", weight)
    return _spread(functional.conv2d(pixelwise(images), dense, padding=1), 2)


def _halved(images: Tensor, weight: Tensor) -> Tensor:
    return functional.conv2d(pixelwise(images), weight, None, STRIDE, PADDING)


def _weight_gradient(
    halved: Tensor, images: Tensor, weight: Tensor, stride: int = STRIDE
) -> Tensor:
    """Gradient of sum(convolution of `images` * `halved`) in the weight."""
    steps = ([stride] * 2, [PADDING] * 2, [1, 1], False, [0, 0], 1)
    _, found, _ = torch.ops.aten.convolution_backward(
        pixelwise(halved), pixelwise(images), weight, None, *steps, [False, True, False]
    )
    return found


class _Halve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(images, weight)
        return _halved(images, weight)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        (gradient,), (images, weight) = gradients, ctx.saved_tensors
        wanted = ctx.needs_input_grad
        return (
            _doubled(gradient, weight) if wanted[0] else None,
            _weight_gradient(gradient, images, weight) if wanted[1] else None,
        )


class _Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(images, weight)
        return _doubled(images, weight)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        (gradient,), (images, weight) = gradients, ctx.saved_tensors
        wanted = ctx.needs_input_grad
        return (
            _halved(gradient, weight) if wanted[0] else None,
            _weight_gradient(images, gradient, weight) if wanted[1] else None,
        )


class _HalveImage(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(images, weight)
        return _image_halved(images, weight)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        (gradient,), (images, weight) = gradients, ctx.saved_tensors
        wanted = ctx.needs_input_grad
        return (
            _image_doubled(gradient, weight) if wanted[0] else None,
            _image_weight_gradient(gradient, images, weight) if wanted[1] else None,
        )


class _DoubleToImage(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(maps, weight)
        return _image_doubled(maps, weight)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        (gradient,), (maps, weight) = gradients, ctx.saved_tensors
        wanted = ctx.needs_input_grad
        return (
            _image_halved(gradient, weight) if wanted[0] else None,
            _image_weight_gradient(maps, gradient, weight) if wanted[1] else None,
        )


def _image_halved(images: Tensor, weight: Tensor) -> Tensor:
    return functional.conv2d(
        pixelwise(images), dense_weights.dense("image", weight), None, 4, PADDING
    )


def _image_doubled(maps: Tensor, weight: Tensor) -> Tensor:
    made = functional.conv2d(
        pixelwise(maps), dense_weights.dense("paint", weight), padding=1
    )
    return _spread(made, 4)


def _image_weight_gradient(halved: Tensor, images: Tensor, weight: Tensor) -> Tensor:
    dense = dense_weights.dense("image", weight)
    found = _weight_gradient(halved, images, dense, stride=4)
    return dense_weights.collected(found, weight, "image")
