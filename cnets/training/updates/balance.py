"""The gradient of each loss on the trunk that they share, and a balance between two.

The trunk has the losses of all heads, so the discriminator's gradient is taken apart by
loss. At weights of 1 the adversarial part on the trunk is
hundreds of times the posterior's (251 times with the released NYU networks).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from cnets.training.lanes.stack import Stack


HEADS = {
    "adversarial": "real",
    "posterior": "posterior",
    "smoothness": "smoother",
    "consistency": "posterior",
}
"""The head that each loss of the discriminator trains, beside the trunk."""

SMALLEST = 1e-30
"""Below this a gradient counts as none."""


def is_on(stack: Stack) -> bool:
    """Whether the lanes of a stack are balanced; all are, or none is."""
    return stack.lanes[0].config.losses.balance > 0


def apart(stack: Stack, terms: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The gradient of each loss on the trunk and on its head.

    Args:
        stack: Gives the weights, by which the gradients are multiplied.
        terms: The losses by the name of their weight, one value a lane.

    Returns:
        By loss, then by network: [lanes, parameters].
    """
    return {
        name: stack.gradients(
            ("trunk", HEADS[name]), stack.weighted({name: term}), keep_graph=True
        )
        for name, term in terms.items()
    }


def parts_of(stack: Stack, terms: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The same with the adversarial part on the trunk scaled, where that is on.

    There its norm becomes `losses.balance` times that of the posterior. The real
    head, which has no other loss, keeps its gradient.

    Source:
        Esser et al. 2021, arXiv:2012.09841, equation 7: the adaptive weight.
    """
    found = apart(stack, terms)
    if is_on(stack):
        sizes = {name: part["trunk"].norm(dim=1) for name, part in found.items()}
        wanted = stack.numbers("losses.balance") * sizes["posterior"]
        factor = wanted / sizes["adversarial"].clamp(min=SMALLEST)
        found["adversarial"]["trunk"] *= factor[:, None]
    return found


def balanced(stack: Stack, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The discriminator's gradient, balanced on the trunk.

    Args:
        stack: Lanes that are balanced.
        terms: The losses by the name of their weight, one value a lane.

    Returns:
        By network: [lanes, parameters].
    """
    found = parts_of(stack, terms)
    every = [part for parts in found.values() for part in parts.items()]
    return {
        network: torch.stack([g for name, g in every if name == network]).sum(0)
        for network in dict(every)
    }


def shares(stack: Stack, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Norm of each loss's gradient on the trunk, as a share of all.

    Returns:
        `trunk_share_` and the loss, one value in [0, 1] a lane; together they are 1.
    """
    found = parts_of(stack, terms)
    sizes = {name: part["trunk"].norm(dim=1) for name, part in found.items()}
    whole = torch.stack(list(sizes.values())).sum(0).clamp(min=SMALLEST)
    return {f"trunk_share_{name}": size / whole for name, size in sizes.items()}
