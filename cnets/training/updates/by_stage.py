"""Which update a stage takes.

What an update may change is the list of names that it gives to `Stack.descend`,
and nothing else.
"""

from collections.abc import Callable

from torch import Tensor

from cnets.training.lanes.stack import Stack
from cnets.training.updates import gan, joint, vae, warm_up
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
