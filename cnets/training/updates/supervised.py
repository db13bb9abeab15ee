"""Stage C where the posterior alone has a weight: regression on labelled images.

Discriminator, generator and smoother would get a gradient of zero, so nothing is
rendered and nothing without a label is looked at. Trunk and posterior head become
what the whole update would make of them, to the last bit.
"""

from functools import partial

from torch import Tensor

from cnets.networks import losses
from cnets.training import schedule
from cnets.training.lanes.lane import run
from cnets.training.lanes.stack import Stack
from cnets.training.updates import parts, scenes
from cnets.training.updates.parts import Batch, Modules, Nets, Terms


def is_on(stack: Stack) -> bool:
    """Whether the lanes of a stack learn from labels alone; all do, or none does."""
    return schedule.is_supervised(stack.lanes[0].config)


def warm_up(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of the warm-up: the posterior head."""
    return _update(stack, batch, learning_rate, "warm_up_heads", ("posterior",))


def joint(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of the joint stage: trunk and posterior head."""
    names = ("trunk", "posterior")
    return _update(stack, batch, learning_rate, "discriminator", names)


def _update(
    stack: Stack, batch: Batch, rate: Tensor, update: str, names: tuple[str, ...]
) -> Terms:
    nets = parts.pick(stack, schedule.SUPERVISED)
    terms = stack.map(partial(_term, stack.modules), nets, batch)
    terms = parts.over_own_codes(stack, terms)
    stack.descend(update, names, stack.weighted(terms), rate)
    return parts.detached(terms)


def _term(modules: Modules, nets: Nets, batch: Batch) -> Terms:
    """The posterior's term on the labelled images, one lane."""
    maps = run(modules["trunk"], nets["trunk"], batch["measured"])
    read = run(modules["posterior"], nets["posterior"], maps)
    return {"posterior": losses.posterior(read, scenes.codes(modules, nets, batch))}
