"""Whether this machine has the device that was asked for: one check for all."""

import torch


def check(device: str, why: str = "") -> None:
    """Refuse a device that torch does not have here.

    Args:
        device: `cpu` or `cuda`.
        why: Where the wish comes from, if nobody has typed it.

    Raises:
        ValueError: If it is `cuda` and there is no GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"`--device` must be cpu where torch finds no GPU, got 'cuda'{why}."
        )
