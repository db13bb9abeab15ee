"""Adam over lanes: every lane has its own step size and its own count.

`torch.optim.Adam` takes one step size for a whole tensor; here each row of a
[lanes, parameters] matrix is an optimiser of its own, equal to it.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


BETA1, BETA2, EPSILON = 0.5, 0.999, 1e-8
"""The released code's values; beta1 is that of DCGAN."""


@dataclass(frozen=True)
class Moments:
    """Running means of the gradient and of its square, and updates made."""

    first: Float[Tensor, "*lanes parameters"]
    second: Float[Tensor, "*lanes parameters"]
    count: Float[Tensor, "*lanes"]


def fresh(flat: Float[Tensor, " parameters"]) -> Moments:
    """One lane's moments before its first update."""
    count = torch.zeros((), dtype=flat.dtype, device=flat.device)
    return Moments(torch.zeros_like(flat), torch.zeros_like(flat), count)


@torch.no_grad()
def step(
    flat: Float[Tensor, "lanes parameters"],
    gradient: Float[Tensor, "lanes parameters"],
    moments: Moments,
    learning_rate: Float[Tensor, " lanes"],
) -> None:
    """Update every lane in place, parameters and moments.

    Source:
        Kingma and Ba 2015, arXiv:1412.6980, algorithm 1.
    """
    moments.count.add_(1)
    moments.first.lerp_(gradient, 1 - BETA1)
    moments.second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
    size = learning_rate / (1 - BETA1**moments.count)
    spread = (1 - BETA2**moments.count).sqrt()
    root = moments.second.sqrt().div_(spread.unsqueeze(1)).add_(EPSILON)
    flat.sub_(size.unsqueeze(1) * moments.first / root)
