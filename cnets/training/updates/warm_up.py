"""Warm-up of stage C: the update of the code heads, then of the alignment."""

from functools import partial

from torch import Tensor

from cnets.networks import crossing_net
from cnets.training.lanes.stack import Stack
from cnets.training.updates import parts, scenes
from cnets.training.updates.parts import Batch, Terms


def update(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of the warm-up: the code heads, then the alignment.

    Trunk, real head and generator keep the weights of stage B.
    """
    modules = stack.modules
    scene = stack.map(
        partial(scenes.imagine, modules),
        parts.pick(stack, crossing_net.RENDERING),
        batch,
    )
    nets = parts.fixed(stack, ("trunk",)) | parts.pick(stack, crossing_net.CODE_HEADS)
    fixed = parts.detached(scene)
    terms = stack.map(partial(scenes.code_terms, modules), nets, batch, fixed)
    terms = parts.over_own_codes(stack, terms)
    total = stack.weighted(parts.smoothness(terms) | {"posterior": terms["posterior"]})
    stack.descend("warm_up_heads", crossing_net.CODE_HEADS, total, learning_rate)
    depth = stack.map(partial(scenes.depth_term, parts.depth_clip(stack)), batch, scene)
    total = stack.weighted(depth)
    stack.descend("warm_up_alignment", ("alignment",), total, learning_rate)
    return parts.detached(terms | depth)
