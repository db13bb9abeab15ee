"""Tests of `cnets.training.batches.copies`: how far copies are changed."""

import math

import torch

from cnets import presets
from cnets.training.batches import augmentation, copies


def test_how_copies_are_changed():
    """Turned, resized, and shifted in the image; in depth the centre stays."""
    moves = copies.drawn(4000, torch.Generator().manual_seed(0))
    turn, size, x, y, depth = moves.T
    assert 29 < math.degrees(turn.abs().max()) <= 30
    assert abs(size.std() - 0.1) < 0.01
    assert all(abs(shift.std() - 10) < 1 for shift in (x, y))
    assert not depth.any()
    recipe = presets.RECIPES["recipe"]
    strength = (copies.STRENGTH.rotation_deg, copies.STRENGTH.scale_std)
    assert strength == (recipe["augment.rotation_deg"], recipe["augment.scale_std"])


def test_every_copy_has_its_own_change():
    """With axes of lanes in front, and the usual reach behind the centre."""
    crops = torch.rand(2, 3, 1, 32, 32).mul(1.5).sub(1)
    centres = torch.tensor([20.0, -10.0, 600.0]).expand(2, 3, 3)
    moves = copies.drawn(6, torch.Generator().manual_seed(0)).view(2, 3, 5)
    found = copies.of_update(crops, centres, moves)
    assert found["copy"].shape == crops.shape
    assert torch.equal(found["copy_centres"], centres)
    far = torch.tensor([augmentation.FAR_MM])
    for lane in range(2):
        for row in range(3):
            alone = augmentation.of_crops(
                crops[lane, row, None], centres[lane, row, None],
                moves[lane, row, None], far,
            )  # fmt: skip
            torch.testing.assert_close(found["copy"][lane, row], alone[0])
            assert not torch.equal(found["copy"][lane, row], crops[lane, row])
