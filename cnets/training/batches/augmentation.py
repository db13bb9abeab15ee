"""Hands that are turned, resized and displaced at random: crops and joints alike.

A change is one of the image, so it is exact for a camera that looks at the hand from
the side, too: where a joint appears is moved as the pixels are, its depth as theirs,
and then it is put back into space. Lengths are millimetres; places in a crop are
measured at the depth of its centre, from there, y up. How strong the changes are is the
configuration's; what an update is fed is put together in `inputs`.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from cnets.config import Augment, TrainConfig
from cnets.geometry import BEHIND_MM, CUBE_MM
from cnets.shapes import CentreMm, Depth


Moves = Float[Tensor, "batch 5"]
"""Angle (radians, to the left), factor of size, and the centre's shift (x, y, z)."""

Relative = Float[Tensor, "batch joints 3"]
"""Joints relative to the centre of the crop, millimetres."""

HALF_MM = CUBE_MM / 2

SIZES = (0.5, 2.0)
"""Least and largest factor of size."""

FLESH_MM = 10.0
"""How far a hand reaches behind its farthest joint, about."""

FAR_MM = 50.0
"""How far it reaches behind the crop's centre, where no joint is known.

A crop does not say this depth (`crop.normalised`), and needs it only to scale its
depths. On rendered hands it is 46 (std 20) and 60 (std 36); known by the joints it is
off by 1 (std 7) and 20 (std 21).
"""


def is_on(config: TrainConfig, stage: str) -> bool:
    """Whether a run changes what a stage trains on.

    Poses alone, which are relative to their root, do not depend on the centre.
    """
    strength = config.augment
    shift_mm = 0.0 if stage == "vae" else strength.shift_mm
    return strength.rotation_deg + strength.scale_std + shift_mm > 0


def drawn(
    strength: Augment, count: int, source: torch.Generator, *, shifted: bool = True
) -> Moves:
    """The changes of some frames.

    Args:
        strength: How far they may go.
        count: How many frames.
        source: Random numbers; as many are taken whatever the strengths are.
        shifted: False leaves the centres where they are.
    """
    turn = 2 * torch.rand(count, 1, generator=source) - 1
    size = torch.randn(count, 1, generator=source)
    shift = torch.randn(count, 3, generator=source)
    return torch.cat(
        [
            math.radians(strength.rotation_deg) * turn,
            (1 + strength.scale_std * size).clamp(*SIZES),
            (strength.shift_mm if shifted else 0.0) * shift,
        ],
        1,
    )


def of_joints(joints: Relative, centres: CentreMm, moves: Moves) -> Relative:
    """Where the joints are, relative to the new centres.

    Args:
        joints: Relative to the old centres.
        centres: The old ones.
        moves: The change of each frame.
    """
    about, shift, size = centres[:, None], moves[:, None, 2:], moves[:, 1, None, None]
    points = joints + about
    flat = points[..., :2] * (about[..., 2:] / points[..., 2:]) - about[..., :2]
    growth, push = _window(centres, moves)
    turned = torch.einsum("bij,bnj->bni", _turns(moves), flat)
    flat = growth[:, None, None] * turned - push[:, None]
    depth = size * joints[..., 2:] - shift[..., 2:]
    about = about + shift
    ratio = 1 + depth / about[..., 2:]
    return torch.cat([ratio * (flat + about[..., :2]) - about[..., :2], depth], -1)


def farthest(joints: Relative) -> Float[Tensor, " batch"]:
    """How far a hand reaches behind the centre of its crop, about."""
    return (joints[..., 2].amax(-1) + FLESH_MM).clamp(-HALF_MM, HALF_MM)


def of_crops(
    crops: Depth, centres: CentreMm, moves: Moves, far: Float[Tensor, " batch"]
) -> Depth:
    """The crops about the new centres; what was outside them is background.

    Args:
        crops: About the old centres, nearest pixel -1, background 1.
        centres: The old ones.
        moves: The change of each frame.
        far: How far each hand reaches behind its old centre.
    """
    seen = _resampled(crops, centres, moves)
    share, axes = (crops + 1) / 2, (1, 2, 3)
    last = torch.where(crops < 1, share, -1.0).amax(axes, keepdim=True)
    far, size, _, _, back = (
        number[:, None, None, None] for number in (far, *moves[:, 1:].T)
    )
    depth = far - (last - (seen + 1) / 2) * (far + HALF_MM + BEHIND_MM)
    depth = size * depth - back
    found = (seen < 1) & (depth <= HALF_MM)
    held = depth.clamp(min=-HALF_MM)
    nearest = torch.where(found, held, HALF_MM).amin(axes, keepdim=True)
    last = torch.where(found, held, -HALF_MM).amax(axes, keepdim=True)
    values = -1 + 2 * (held - nearest) / (last + HALF_MM + BEHIND_MM)
    return torch.where(found, values, 1.0)


def _turns(moves: Moves) -> Float[Tensor, "batch 2 2"]:
    """Rotations to the left, for points with y up."""
    cosine, sine = moves[:, 0].cos(), moves[:, 0].sin()
    return torch.stack([cosine, -sine, sine, cosine], 1).unflatten(1, (2, 2))


def _window(
    centres: CentreMm, moves: Moves
) -> tuple[Float[Tensor, " batch"], Float[Tensor, "batch 2"]]:
    """How much larger a hand appears in its new crop, and how far it is pushed."""
    nearer = moves[:, 4] / centres[:, 2]
    push = moves[:, 2:4] - centres[:, :2] * nearer[:, None]
    return moves[:, 1] * (1 + nearer), push


def _resampled(crops: Depth, centres: CentreMm, moves: Moves) -> Depth:
    """The nearest pixel of the old crop for each of the new one."""
    side = crops.shape[-1]
    along = (2 * torch.arange(side, device=crops.device) + 1) / side - 1
    up, across = torch.meshgrid(-along, along, indexing="ij")
    places = HALF_MM * torch.stack([across, up], -1).to(crops)
    growth, push = _window(centres, moves)
    before = (places + push[:, None, None]) / growth[:, None, None, None]
    before = torch.einsum("bji,bhwj->bhwi", _turns(moves), before) / HALF_MM
    grid = before * before.new_tensor([1.0, -1.0])
    # Beyond the edge it gives 0, here the background.
    seen = functional.grid_sample(crops - 1, grid, mode="nearest", align_corners=False)
    return seen + 1
