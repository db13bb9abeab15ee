"""A small network's numbers inside a larger network of the same kind.

Lanes with codes of several sizes run as one stack: each lane's networks are laid
into networks for a larger code, and what is beyond its own numbers is zero. There
the gradient is zero as well (the weights that lead there and away are zero, the
noise is zero, and batch norm has neither scale nor shift), so zero it stays, and
nothing needs a mask. Only means over a code come out too small, by the ratio of the
two sizes; `updates.parts` corrects them. A lane that nobody trains has its own shape.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn import functional


WHOLE = 64
"""Numbers of a code with the origin come in multiples of this many.

A processor adds columns up some 64 at a time and the rest in another order; with
whole blocks a lane is rounded alike in every row of a stack. The other layers are
16 times `networks.channels` wide: whole blocks where 4 divides that.
"""


def room(latent_size: int, origin_size: int) -> int:
    """Size of the pose code that a lane is widened to.

    A function of the lane alone, because the width of a sum decides how it is
    rounded: lanes must not feel how large their neighbours' codes are. The least
    is 125, so that codes of all usual sizes share a stack.

    Args:
        latent_size: Size of the lane's pose code.
        origin_size: Numbers that follow a pose code in a code.
    """
    code = max(2 * WHOLE, latent_size + origin_size)
    return -(-code // WHOLE) * WHOLE - origin_size


def widened(drawn: Tensor, latent_size: int, most: int) -> Tensor:
    """Numbers of a pose code, or of a code with the origin behind it, with zeros.

    Args:
        drawn: [..., `latent_size` + n]; n numbers follow the pose code.
        latent_size: Size of the pose code.
        most: Its size in the wide networks.

    Returns:
        [..., `most` + n]: the zeros lie between the pose code and the rest.
    """
    pose, rest = drawn[..., :latent_size], drawn[..., latent_size:]
    return torch.cat([functional.pad(pose, (0, most - latent_size)), rest], -1)


class Layout:
    """Where the numbers of a network lie in the wide one."""

    def __init__(
        self, small: nn.Module, wide: nn.Module, latent_size: int, most: int
    ) -> None:
        """Compare the two modules' shapes; their weights are not used.

        Args:
            small: Built for a pose code of `latent_size`.
            wide: The same built for `most`.
            latent_size: Size of the pose code.
            most: Its size in the wide network.
        """
        own = dict(small.named_parameters())
        places, start = [], 0
        for name, parameter in wide.named_parameters():
            found = _places(own[name].shape, parameter.shape, latent_size, most)
            places.append(start + found.flatten())
            start += parameter.numel()
        self._flat, self._size = torch.cat(places), start
        kept = dict(small.named_buffers())
        self._buffers = {
            name: (_places(kept[name].shape, buffer.shape, latent_size, most), buffer)
            for name, buffer in wide.named_buffers()
        }

    def widen(self, flat: Tensor) -> Tensor:
        """Parameters, or anything with one number a parameter, with zeros between."""
        wide = flat.new_zeros(self._size)
        wide[self._flat.to(flat.device)] = flat
        return wide

    def narrow(self, wide: Tensor) -> Tensor:
        """The inverse of `widen`."""
        return wide[self._flat.to(wide.device)]

    def widen_buffers(self, buffers: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Running statistics, with zeros between."""
        found = {}
        for name, (places, like) in self._buffers.items():
            wide = buffers[name].new_zeros(like.numel())
            wide[places.to(wide.device)] = buffers[name]
            found[name] = wide.view(like.shape)
        return found

    def narrow_buffers(self, wide: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The inverse of `widen_buffers`."""
        return {
            name: wide[name].reshape(-1)[places.to(wide[name].device)]
            for name, (places, _) in self._buffers.items()
        }


def _places(
    small: torch.Size, wide: torch.Size, latent_size: int, most: int
) -> Int[Tensor, "..."]:
    """Positions of a small array's elements in the wide one, flattened."""
    positions = torch.zeros((), dtype=torch.long, device="cpu")
    for length, longer in zip(small, wide, strict=True):
        along = torch.arange(length, device="cpu")
        if longer != length:
            along[latent_size:] += most - latent_size
        positions = positions.unsqueeze(-1) * longer + along
    return positions
