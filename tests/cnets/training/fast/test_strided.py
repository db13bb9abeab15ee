"""Tests of `cnets.training.fast.strided`: held against the plain convolutions."""

import pytest
import torch
from torch.nn import functional

from cnets.training.fast import strided


def drawn(*shape):
    """Random numbers in double precision whose gradient is wanted."""
    return torch.randn(*shape, dtype=torch.float64).requires_grad_()


def unfolded(maps):
    """Folded maps as maps, pixel by pixel: the definition, in plain loops."""
    batch, folded, height, width = maps.shape
    channels = folded // 4
    out = maps.new_zeros(batch, channels, 2 * height, 2 * width)
    for row in range(2):
        for column in range(2):
            first = (2 * row + column) * channels
            out[:, :, row::2, column::2] = maps[:, first : first + channels]
    return out


def folded(maps):
    """The inverse of `unfolded`."""
    return torch.cat([maps[:, :, r::2, c::2] for r in (0, 1) for c in (0, 1)], 1)


def halve_image(maps, weight):
    """`strided.halve_image`, its maps unfolded."""
    return unfolded(strided.halve_image(maps, weight))


def halve_folded(maps, weight):
    """`strided.halve_folded` of maps that are not folded yet."""
    return strided.halve_folded(folded(maps), weight)


def double_folded(maps, weight):
    """`strided.double_folded`, its maps unfolded."""
    return unfolded(strided.double_folded(maps, weight))


def double_to_image(maps, weight):
    """`strided.double_to_image` of maps that are not folded yet."""
    return strided.double_to_image(folded(maps), weight)


HALVING = [
    (strided.halve, 3, 5),
    (strided.halve, 1, 5),
    (halve_image, 1, 5),
    (halve_folded, 3, 5),
]
DOUBLING = [
    (strided.double, 3, 5),
    (strided.double, 3, 1),
    (double_folded, 3, 5),
    (double_to_image, 3, 1),
]


def assert_same_with_gradients(function, reference, maps, weight):
    """Values, and gradients of a random combination of them, agree to 1e-10."""
    found, expected = function(maps, weight), reference(maps, weight)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    share = torch.randn_like(expected)
    gradients = [
        torch.autograd.grad((made * share).sum(), (maps, weight))
        for made in (found, expected)
    ]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


class TestEqualThePlainConvolutions:
    @pytest.mark.parametrize(("function", "inputs", "outputs"), HALVING)
    @pytest.mark.parametrize("side", [8, 16])
    def test_halving(self, function, inputs, outputs, side):
        """Values and both gradients are those of the strided convolution."""
        maps, weight = drawn(4, inputs, side, side), drawn(outputs, inputs, 6, 6)

        def reference(maps, weight):
            return functional.conv2d(maps, weight, stride=2, padding=2)

        assert_same_with_gradients(function, reference, maps, weight)

    @pytest.mark.parametrize(("function", "inputs", "outputs"), DOUBLING)
    @pytest.mark.parametrize("side", [4, 8])
    def test_doubling(self, function, inputs, outputs, side):
        """Values and both gradients are those of the transposed convolution."""
        maps, weight = drawn(4, inputs, side, side), drawn(inputs, outputs, 6, 6)

        def reference(maps, weight):
            return functional.conv_transpose2d(maps, weight, stride=2, padding=2)

        assert_same_with_gradients(function, reference, maps, weight)

    @pytest.mark.parametrize("wanted", [0, 1])
    def test_one_gradient_alone(self, wanted):
        """With the other input fixed, the gradient is the same."""
        inputs = [drawn(2, 1, 16, 16), drawn(3, 1, 6, 6)]
        inputs[1 - wanted].requires_grad_(False)
        made = strided.halve_image(*inputs).sum()
        plain = functional.conv2d(*inputs, stride=2, padding=2).sum()
        found = torch.autograd.grad(made, inputs[wanted])
        expected = torch.autograd.grad(plain, inputs[wanted])
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


class TestFolding:
    def test_channels_keep_their_numbers(self):
        """Seen as pixels, a channel holds what it held as blocks, and back."""
        maps = torch.randn(2, 12, 4, 6)
        pixels = strided.blocks_as_pixels(maps)
        for channel in range(3):
            first = pixels[:, channel].flatten(1).sort().values
            second = maps[:, channel::3].flatten(1).sort().values
            assert torch.equal(first, second)
        assert torch.equal(strided.pixels_as_blocks(pixels), maps)

    def test_nothing_is_copied(self):
        """Maps that lie pixel by pixel are only looked at differently."""
        maps = strided.pixelwise(torch.randn(2, 12, 4, 6))
        pixels = strided.blocks_as_pixels(maps)
        assert pixels.data_ptr() == maps.data_ptr()
        assert strided.pixels_as_blocks(pixels).data_ptr() == maps.data_ptr()

    @pytest.mark.parametrize("channels", [1, 3])
    def test_pixelwise_changes_no_number(self, channels):
        """The layout says channels_last, the values are the same."""
        maps = torch.randn(2, channels, 4, 6)
        found = strided.pixelwise(maps)
        assert torch.equal(found, maps)
        assert found.stride() == (24 * channels, 1, 6 * channels, channels)
