"""How many bytes the networks of a run take, without making them."""

from collections.abc import Sequence

import torch

from cnets.config import TrainConfig
from cnets.networks import crossing_net
from cnets.training.sharing.stage_keys import PRODUCT


def of_networks(
    config: TrainConfig, names: Sequence[str] | None = None
) -> tuple[int, int]:
    """Bytes of the weights and of the buffers of a run's networks.

    Args:
        config: The run's.
        names: Only these networks; None is all of them.
    """
    with torch.device("meta"):
        built = crossing_net.build(config)
    modules = [built[name] for name in names or built]
    weights = sum(p.nbytes for module in modules for p in module.parameters())
    buffers = sum(b.nbytes for module in modules for b in module.buffers())
    return weights, buffers


def of_product(config: TrainConfig, stage: str) -> int:
    """Bytes of what a stage leaves behind for later ones.

    Args:
        config: The run's.
        stage: `vae` or `gan`.
    """
    return sum(of_networks(config, PRODUCT[stage]))
