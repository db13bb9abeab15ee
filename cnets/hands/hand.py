"""A kinematic right hand: persons, poses within joint limits, joint positions.

The hand's own frame: the wrist at the origin, the middle finger along +y, the
palm towards -z (towards the camera), the thumb at +x. Angles are radians. All is
computed in float64, so that a set rounded to float32 is the same on every
processor; sines and cosines of float32 are not.

Sources:
    Bone lengths: Buryanov and Kotiuk 2010, "Proportions of hand segments",
    Int. J. Morphol. 28(3), table 2 (means; metacarpals reach down to the
    wrist here). Joint limits and the coupling of the last two joints (the
    last bends 2/3 as far): Lin, Wu and Huang 2000, "Modeling the constraints
    of human hand motion".
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from cnets.shapes import JointsMm


PALM_MM = (92.0, 90.0, 84.0, 78.0)
"""Wrist to knuckle: index, middle, ring, little."""

PALM_FAN = (0.22, 0.02, -0.19, -0.40)
"""Direction of that line, radians from +y towards the thumb."""

PHALANX_MM = (
    (39.8, 22.4, 20.0),
    (44.6, 26.3, 21.5),
    (41.4, 25.7, 21.5),
    (32.7, 18.1, 20.0),
    (46.2, 31.6, 26.0),
)
"""Three bones a finger, in the order of `FINGERS`; the last with its flesh."""

THUMB_ROOT_MM = (20.0, 22.0, -6.0)
"""Wrist to the thumb's first joint."""

LIMITS = {
    "mcp_flexion": (-0.25, 1.57),
    "mcp_abduction": (-0.26, 0.26),
    "pip_flexion": (0.0, 1.92),
    "thumb_abduction": (0.1, 1.0),
    "thumb_rotation": (-0.5, 0.7),
    "thumb_mcp_flexion": (-0.1, 0.9),
    "thumb_ip_flexion": (-0.2, 1.3),
}
"""Smallest and largest angle of each degree of freedom."""

DIP_SHARE = 2 / 3
"""How far a finger's last joint bends, of its middle one."""


@dataclass(frozen=True)
class Persons:
    """Hands that differ: factors on the lengths, and on the thickness."""

    length: Tensor
    """Factor on every bone; [persons]."""
    finger: Tensor
    """Further factor on the fingers' bones; [persons, 5, 3]."""
    palm: Tensor
    """Further factor on the palm's lines; [persons, 4]."""
    thickness: Tensor
    """Factor on all radii; [persons]."""


@dataclass(frozen=True)
class Angles:
    """Poses in joint angles, within `LIMITS`."""

    mcp_flexion: Tensor
    """[batch, 4]; likewise the next three."""
    mcp_abduction: Tensor
    pip_flexion: Tensor
    thumb: Tensor
    """Abduction, rotation, and flexion of mcp and ip; [batch, 4]."""
    rotation: Tensor
    """Of the whole hand; matrices [batch, 3, 3]."""
    wrist_mm: Tensor
    """Where the wrist is, camera frame; [batch, 3]."""


def draw_persons(count: int, generator: torch.Generator) -> Persons:
    """Persons of different size, proportions and stoutness.

    Adult hands vary by about 6 % (one standard deviation) in length.
    """
    length = (1 + 0.06 * _normal(generator, count)).clamp(0.82, 1.18)
    stout = (1 + 0.08 * _normal(generator, count)).clamp(0.8, 1.25)
    finger = (1 + 0.04 * _normal(generator, count, 5, 3)).clamp(0.88, 1.12)
    palm = (1 + 0.03 * _normal(generator, count, 4)).clamp(0.9, 1.1)
    return Persons(length, finger, palm, length * stout)


def draw_angles(count: int, generator: torch.Generator) -> Angles:
    """Poses as hands take them: fingers bend together, each a little its own way.

    How far a hand is closed is drawn first, then each finger's own share; one
    pose in three has fingers that are closed or stretched on their own, as in
    pointing and counting. Palms face the camera more often than not.
    """
    closed = _uniform(generator, count, 1)
    own = _uniform(generator, count, 4)
    apart = (_uniform(generator, count, 1) < 1 / 3).double()
    sharp = (own > 0.5).double() * 0.85 + 0.1 * own
    bend = (1 - apart) * (0.75 * closed + 0.25 * own) + apart * sharp
    mcp = 1.35 * bend - 0.15 + 0.15 * _normal(generator, count, 4)
    pip = 1.55 * bend + 0.2 * _normal(generator, count, 4)
    fan = torch.tensor([0.10, 0.0, -0.08, -0.18])
    spread = _uniform(generator, count, 1) * 1.4 - 0.2
    abduction = fan * spread * (1.5 - bend) + 0.05 * _normal(generator, count, 4)
    centre = torch.tensor([0.55, 0.1, 0.3, 0.35])
    reach = torch.tensor([0.25, 0.3, 0.3, 0.4])
    thumb = centre + reach * _normal(generator, count, 4)
    thumb[:, 2:] += 0.3 * (closed - 0.5)
    names = (
        "thumb_abduction",
        "thumb_rotation",
        "thumb_mcp_flexion",
        "thumb_ip_flexion",
    )
    limited = [_held(thumb[:, i], name) for i, name in enumerate(names)]
    turn = torch.tensor([0.45, 0.55, 0.6]) * _normal(generator, count, 3)
    place = _uniform(generator, count, 3)
    wrist = torch.tensor([240.0, 180.0, 400.0]) * (place - 0.5)
    return Angles(
        mcp_flexion=_held(mcp, "mcp_flexion"),
        mcp_abduction=_held(abduction, "mcp_abduction"),
        pip_flexion=_held(pip, "pip_flexion"),
        thumb=torch.stack(limited, 1),
        rotation=_rotation(turn),
        wrist_mm=wrist + torch.tensor([0.0, 0.0, 750.0]),
    )


def joints(persons: Persons, person: Tensor, angles: Angles) -> JointsMm:
    """Joint positions in the camera frame, millimetres, as `HAND21` orders them.

    Args:
        persons: All persons.
        person: Whose hand each pose is; [batch].
        angles: The poses.
    """
    length = persons.length[person]
    bones = torch.tensor(PHALANX_MM) * persons.finger[person] * length[:, None, None]
    palm = torch.tensor(PALM_MM) * persons.palm[person] * length[:, None]
    points = [torch.zeros(len(person), 3)]
    for index in range(4):
        points += _finger(index, palm[:, index], bones[:, index], angles)
    points += _thumb(length, bones[:, 4], angles)
    local = torch.stack(points, 1)
    turned = torch.einsum("bij,bkj->bki", angles.rotation, local)
    return turned + angles.wrist_mm[:, None]


def _finger(index: int, palm: Tensor, bones: Tensor, angles: Angles) -> list[Tensor]:
    """Knuckle, two joints and tip of one finger, in the hand's frame."""
    fan = torch.full_like(palm, PALM_FAN[index])
    zero = torch.zeros_like(fan)
    knuckle = palm[:, None] * _direction(fan, zero)
    aside = 0.35 * fan + angles.mcp_abduction[:, index]
    pip = angles.pip_flexion[:, index]
    bends = (angles.mcp_flexion[:, index], pip, DIP_SHARE * pip)
    points, bend = [knuckle], zero
    for bone, further in zip(bones.unbind(1), bends, strict=True):
        bend = bend + further
        points.append(points[-1] + bone[:, None] * _direction(aside, bend))
    return points


def _thumb(length: Tensor, bones: Tensor, angles: Angles) -> list[Tensor]:
    """The thumb's four points; it bends across the palm, not towards it."""
    abduction, rotation, mcp, ip = angles.thumb.unbind(1)
    points = [length[:, None] * torch.tensor(THUMB_ROOT_MM)]
    aside = 0.35 + abduction
    bend = 0.35 + rotation
    for bone, further in zip(bones.unbind(1), (0.0 * mcp, mcp, ip), strict=True):
        aside = aside - 0.8 * further
        bend = bend + 0.35 * further
        points.append(points[-1] + bone[:, None] * _direction(aside, bend))
    return points


def _direction(aside: Tensor, bend: Tensor) -> Tensor:
    """Unit vectors: `aside` from +y towards +x, then bent towards -z."""
    flat = torch.cos(bend)
    return torch.stack(
        [flat * torch.sin(aside), flat * torch.cos(aside), -torch.sin(bend)], 1
    )


def _rotation(turn: Tensor) -> Tensor:
    """Rotations about x, then y, then z; [batch, 3, 3]."""
    cos, sin = torch.cos(turn), torch.sin(turn)
    matrices = []
    for axis, (first, second) in enumerate(((1, 2), (2, 0), (0, 1))):
        matrix = torch.eye(3, dtype=turn.dtype).repeat(len(turn), 1, 1)
        matrix[:, first, first] = matrix[:, second, second] = cos[:, axis]
        matrix[:, first, second] = -sin[:, axis]
        matrix[:, second, first] = sin[:, axis]
        matrices.append(matrix)
    about_x, about_y, about_z = matrices
    return about_z @ about_y @ about_x


def _held(values: Tensor, name: str) -> Tensor:
    low, high = LIMITS[name]
    return values.clamp(low, high)


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def _uniform(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=generator, dtype=torch.float64)
