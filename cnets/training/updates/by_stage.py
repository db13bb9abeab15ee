"""Which update a stage takes.

What an update may change is the list of names that it gives to `Stack.descend`,
and nothing else.
"""

from collections.abc import Callable

from torch import Tensor

from cnets.training.lanes.stack import Stack
from cnets.training.updates import gan, joint, supervised, vae, warm_up
from cnets.training.updates.parts import Batch, Terms


Update = Callable[[Stack, Batch, Tensor], Terms]
"""Takes a stack, one batch and the step sizes; gives loss terms, one value a lane."""

UPDATES: dict[str, Update] = {
    "vae": vae.update,
    "gan": gan.update,
    "warm_up": warm_up.update,
    "joint": joint.update,
}
"""The update of each stage."""

WITHOUT_GAN: dict[str, Update] = {
    "warm_up": supervised.warm_up,
    "joint": supervised.joint,
}
"""The same of stage C where only the posterior has a weight."""


def of_stack(stack: Stack, stage: str) -> Update:
    """The update that the lanes of a stack take in a stage."""
    if stage in WITHOUT_GAN and supervised.is_on(stack):
        return WITHOUT_GAN[stage]
    return UPDATES[stage]
