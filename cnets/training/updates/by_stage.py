"""Which update a stage takes, and where a faster one stands in for it.

What an update may change is the list of names that it gives to `Stack.descend`,
and nothing else.
"""

from collections.abc import Callable

from torch import Tensor

from cnets.training.fast.joint import JointUpdate
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


def update_for(stack: Stack, stage: str) -> Update:
    """The update that a stack takes in a stage.

    A lane alone on a CPU may ask for the fast joint update (`joint.fast`).
    """
    device = next(iter(stack.flat.values())).device
    alone = len(stack.lanes) == 1 and device.type == "cpu"
    if stage == "joint" and alone and stack.lanes[0].config.joint.fast:
        return JointUpdate(stack)
    return UPDATES[stage]
