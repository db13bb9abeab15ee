"""Stage A: the update of the pose VAE."""

from functools import partial

from torch import Tensor

from cnets.networks import crossing_net, losses, pose_vae
from cnets.training.lanes.lane import run
from cnets.training.lanes.stack import Stack
from cnets.training.updates import parts
from cnets.training.updates.parts import Batch, Modules, Nets, Terms


def update(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of stage A; returns its loss terms, one value a lane."""
    nets = parts.pick(stack, crossing_net.VAE)
    terms = stack.map(partial(terms_of, stack.modules), nets, batch)
    stack.descend("vae", crossing_net.VAE, stack.weighted(terms), learning_rate)
    return parts.detached(terms)


def terms_of(modules: Modules, nets: Nets, batch: Batch) -> Terms:
    """Terms of stage A, one lane."""
    mean, log_variance = run(modules["encoder"], nets["encoder"], batch["pose"])
    code = pose_vae.sample_code(mean, log_variance, batch["noise"])
    decoded = run(modules["decoder"], nets["decoder"], code)
    pose, weight = batch["pose"], batch.get("weight")
    return {
        "pose_reconstruction": losses.pose_reconstruction(decoded, pose, weight),
        "kl": losses.kl_standard_normal(mean, log_variance),
    }
