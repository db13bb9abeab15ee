"""Transformed copies of the unlabelled crops of an update, for its student.

The teacher of `updates.consistency` reads the crops as they were fed, so where
`augment` is on a copy is changed twice. What both read is compared there.
"""

import torch
from torch import Tensor

from cnets.config import Augment
from cnets.training.batches import augmentation
from cnets.training.batches.augmentation import Moves


STRENGTH = Augment(rotation_deg=30.0, scale_std=0.1, shift_mm=10.0)
"""How far a copy is changed: by rotation and size of the recipe (`presets`), and by
about as much as a centre that was found lies beside the joints' own."""


def drawn(count: int, source: torch.Generator) -> Moves:
    """The changes of some copies.

    In depth the centre stays: a crop hardly says how far behind it a hand reaches
    (`augmentation.FAR_MM`), so such a shift could not be read from a copy.
    """
    moves = augmentation.drawn(STRENGTH, count, source)
    moves[:, 4] = 0
    return moves


def of_update(crops: Tensor, centres: Tensor, moves: Tensor) -> dict[str, Tensor]:
    """Copies, and the centres of the crops that they were made from.

    Args:
        crops: [..., batch, 1, side, side].
        centres: Theirs, [..., batch, 3], millimetres.
        moves: The change of each, [..., batch, 5].

    Returns:
        `copy` and `copy_centres`, shaped as the crops and as their centres.
    """
    flat = moves.flatten(0, -2)
    usual = flat.new_full((len(flat),), augmentation.FAR_MM)
    made = augmentation.of_crops(
        crops.flatten(0, -4), centres.flatten(0, -2), flat, usual
    )
    return {"copy": made.view_as(crops), "copy_centres": centres}
