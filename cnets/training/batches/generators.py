"""Sources of random numbers, and the order in which rows come from them.

A source belongs to one purpose of one seed, so that what is drawn for it depends on
nothing that was drawn before.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor


def seeded(seed: int, *purpose: int) -> torch.Generator:
    """A source of random numbers for one purpose of one seed."""
    state = np.random.SeedSequence([seed, *purpose]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]) & (2**63 - 1))


def shuffled(
    rows: np.ndarray, steps: int, batch_size: int, order: torch.Generator
) -> Iterator[Tensor]:
    """Batches from one shuffle of the rows after another.

    Args:
        rows: At least one.
        steps: How many batches.
        batch_size: Rows in each.
        order: Source of the shuffles.
    """
    wanted = steps * batch_size
    shuffles = -(-wanted // len(rows))
    drawn = [torch.randperm(len(rows), generator=order) for _ in range(shuffles)]
    stream = torch.from_numpy(rows)[torch.cat(drawn)[:wanted]]
    yield from stream.view(steps, batch_size)
