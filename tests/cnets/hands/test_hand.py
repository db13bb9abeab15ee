"""Tests of `cnets.hands.hand`: what every person and every pose must have."""

import math

import pytest
import torch

from cnets.data.readers import poses
from cnets.hands import hand


POSES = 600


def drawn(seed: int = 0) -> torch.Tensor:
    """Poses of five persons, in turn; [frames, 21, 3]."""
    generator = torch.Generator().manual_seed(seed)
    persons = hand.draw_persons(5, generator)
    angles = hand.draw_angles(POSES, generator)
    return hand.joints(persons, torch.arange(POSES) % 5, angles).double()


def bones(joints: torch.Tensor) -> torch.Tensor:
    """Lengths: wrist to four knuckles and the thumb's root, three a finger."""
    chains = joints[:, 1:].unflatten(1, (5, 4))
    palm = (chains[:, :, 0] - joints[:, :1]).norm(dim=2)
    return torch.cat([palm, chains.diff(dim=2).norm(dim=3).flatten(1)], 1)


def bends(joints: torch.Tensor) -> torch.Tensor:
    """Angles between the three bones of the four fingers; [frames, 4, 2]."""
    bone = joints[:, 1:17].unflatten(1, (4, 4)).diff(dim=2)
    along = bone / bone.norm(dim=3, keepdim=True)
    cosine = (along[:, :, 1:] * along[:, :, :-1]).sum(3)
    return cosine.clamp(-1, 1).arccos()


def palm_side(joints: torch.Tensor, wrist: int, index: list[int], little: list[int]):
    """How far the fingers' tips lie on the palm's side of a right hand, in mm.

    In a frame whose axes follow the right-hand rule, a right hand has its
    palm at thumb side x finger direction. The camera's frame has its z turned.
    """
    turned = joints * torch.tensor([1.0, 1.0, -1.0])
    aside = turned[:, index[0]] - turned[:, little[0]]
    ahead = turned[:, [index[0], little[0]]].mean(1) - turned[:, wrist]
    palm = torch.linalg.cross(aside, ahead)
    palm = palm / palm.norm(dim=1, keepdim=True)
    reach = [turned[:, tip] - turned[:, knuckle] for knuckle, tip in (index, little)]
    return (sum(reach) * palm).sum(1) / 2


class TestDrawPersons:
    def test_persons_differ(self):
        """Sizes spread by about 6 % and stay within 18 %."""
        persons = hand.draw_persons(4000, torch.Generator().manual_seed(0))
        assert persons.length.mean().item() == pytest.approx(1, abs=0.005)
        assert persons.length.std().item() == pytest.approx(0.06, abs=0.004)
        assert (persons.length - 1).abs().max() <= 0.18 + 1e-6

    def test_seeded(self):
        """A seed gives the same persons again, another seed others."""
        first, again, other = (
            hand.draw_persons(3, torch.Generator().manual_seed(seed)).finger
            for seed in (1, 1, 2)
        )
        assert torch.equal(first, again)
        assert not torch.equal(first, other)


class TestDrawAngles:
    def test_limits(self):
        """No angle is beyond its limits, and each comes close to both."""
        angles = hand.draw_angles(4000, torch.Generator().manual_seed(0))
        names = ("mcp_flexion", "mcp_abduction", "pip_flexion")
        values = {name: getattr(angles, name) for name in names}
        thumb = ("abduction", "rotation", "mcp_flexion", "ip_flexion")
        values |= {f"thumb_{name}": angles.thumb[:, i] for i, name in enumerate(thumb)}
        assert values.keys() == hand.LIMITS.keys()
        for name, (low, high) in hand.LIMITS.items():
            assert values[name].min() >= low - 1e-6
            assert values[name].max() <= high + 1e-6
            assert values[name].max() - values[name].min() > 0.8 * (high - low)

    def test_rotations(self):
        """The turn of a hand is a rotation, without mirroring."""
        angles = hand.draw_angles(100, torch.Generator().manual_seed(0))
        product = angles.rotation @ angles.rotation.mT
        torch.testing.assert_close(product, torch.eye(3).double().expand(100, 3, 3))
        torch.testing.assert_close(angles.rotation.det(), torch.ones(100).double())

    def test_fingers_bend_together(self):
        """Fingers bend alike but not the same: correlations between 0.2 and 0.95."""
        angles = hand.draw_angles(4000, torch.Generator().manual_seed(0))
        for bend in (angles.mcp_flexion, angles.pip_flexion):
            table = torch.corrcoef(bend.T)
            apart = table[~torch.eye(4, dtype=torch.bool)]
            assert apart.min() > 0.2
            assert apart.max() < 0.95


class TestJoints:
    def test_bones_keep_their_length(self):
        """Each person has the same bones in every pose; no two share them."""
        length = bones(drawn())
        persons = length.unflatten(0, (-1, 5))
        torch.testing.assert_close(
            persons, persons[:1].expand_as(persons), atol=1e-3, rtol=0
        )
        apart = torch.cdist(persons[0], persons[0], p=math.inf)
        assert apart[~torch.eye(5, dtype=torch.bool)].min() > 1

    def test_middle_size(self):
        """A person of middle size has the lengths of the tables."""
        persons = hand.Persons(
            length=torch.ones(1),
            finger=torch.ones(1, 5, 3),
            palm=torch.ones(1, 4),
            thickness=torch.ones(1),
        )
        angles = hand.draw_angles(1, torch.Generator().manual_seed(0))
        length = bones(hand.joints(persons, torch.zeros(1, dtype=torch.long), angles))
        palm = [*hand.PALM_MM, math.hypot(*hand.THUMB_ROOT_MM)]
        expected = [*palm, *(bone for finger in hand.PHALANX_MM for bone in finger)]
        torch.testing.assert_close(length.float(), torch.tensor([expected]))

    def test_last_joint_bends_two_thirds(self):
        """A finger's last joint bends 2/3 as far as its middle one."""
        middle, last = bends(drawn()).unbind(2)
        bent = middle > 0.3
        assert bent.sum() > POSES
        torch.testing.assert_close(last[bent], 2 / 3 * middle[bent], atol=1e-4, rtol=0)

    def test_wrist_is_where_it_was_put(self):
        """The first joint is the wrist, within 500 to 1000 mm of the camera."""
        wrist = drawn()[:, 0]
        assert (wrist[:, 2] >= 550 - 1e-3).all()
        assert (wrist[:, 2] <= 950 + 1e-3).all()

    def test_right_hands(self):
        """Fingers, unless they are stretched, bend towards a right hand's palm."""
        reach = palm_side(drawn().float(), 0, [1, 4], [13, 16])
        assert (reach > 0).float().mean() > 0.9
        assert reach.max() > 30

    def test_right_hands_as_the_real_ones(self, realdata):
        """The real NYU hands bend to the same side."""
        real = torch.tensor(poses.labels(str(realdata / "nyu")).joints_mm[::20])
        reach = palm_side(real, 35, [23, 18], [5, 0])
        assert (reach > 0).float().mean() > 0.8

    def test_thumb_side(self):
        """Palms mostly face the camera, with the thumb at the right of the image."""
        joints = drawn()
        assert (joints[:, 17, 0] > joints[:, 13, 0]).float().mean() > 0.7

    def test_seeded(self):
        """A seed gives the same hands again, another seed others."""
        assert torch.equal(drawn(3), drawn(3))
        assert not torch.equal(drawn(3), drawn(4))
