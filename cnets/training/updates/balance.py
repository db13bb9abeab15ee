"""The gradient of each loss on the trunk that they share, and a balance between two.

Each head has one loss of its own and the trunk has all three, so the discriminator's
gradient is taken apart by loss. At weights of 1 the adversarial part on the trunk is
hundreds of times the posterior's (251 times with the released NYU networks).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from cnets.training.lanes.stack import Stack


HEADS = {"adversarial": "real", "posterior": "posterior", "smoothness": "smoother"}
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
            ("trunk", head), stack.weighted({name: terms[name]}), keep_graph=True
        )
        for name, head in HEADS.items()
    }


def balanced(stack: Stack, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The discriminator's gradient with the adversarial part on the trunk scaled.

    There its norm becomes `losses.balance` times that of the posterior. The real
    head, which has no other loss, keeps its gradient.

    Args:
        stack: Lanes that are balanced.
        terms: The losses by the name of their weight, one value a lane.

    Returns:
        By network: [lanes, parameters].

    Source:
        Esser et al. 2021, arXiv:2012.09841, equation 7: the adaptive weight.
    """
    found = apart(stack, terms)
    sizes = {name: part["trunk"].norm(dim=1) for name, part in found.items()}
    wanted = stack.numbers("losses.balance") * sizes["posterior"]
    factor = wanted / sizes["adversarial"].clamp(min=SMALLEST)
    found["adversarial"]["trunk"] *= factor[:, None]
    trunk = torch.stack([part["trunk"] for part in found.values()]).sum(0)
    return {"trunk": trunk} | {head: found[name][head] for name, head in HEADS.items()}
