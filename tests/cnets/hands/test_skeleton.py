"""Tests of `cnets.hands.skeleton`: every skeleton, and flesh worked out by hand."""

import numpy as np
import pytest
import torch
from PIL import Image

from cnets import geometry
from cnets.data.readers import poses
from cnets.hands import render, skeleton
from cnets.hands.skeleton import HAND21, NYU36, Capsule, Skeleton


STICK = Skeleton(
    name="stick",
    joint_names=("a", "b"),
    bones=((0, 1),),
    root=0,
    evaluated=(0, 1),
    capsules=(Capsule({"a": 1.0}, {"a": 0.25, "b": 0.75}, 10.0, 8.0),),
    size=("a", "b"),
    size_mm=40.0,
)


@pytest.mark.parametrize("skeleton", [HAND21, NYU36], ids=lambda s: s.name)
class TestEverySkeleton:
    def test_names(self, skeleton):
        """No two joints have one name."""
        assert len(set(skeleton.joint_names)) == len(skeleton.joint_names)

    def test_bones_are_a_tree(self, skeleton):
        """From the root the bones reach every joint they draw by one way only."""
        count = len(skeleton.joint_names)
        drawn = {joint for bone in skeleton.bones for joint in bone}
        assert drawn <= set(range(count))
        reached, before = {skeleton.root}, 0
        while len(reached) > before:
            before = len(reached)
            reached |= {j for bone in skeleton.bones if reached & {*bone} for j in bone}
        assert reached == drawn
        assert len(skeleton.bones) == len(drawn) - 1

    def test_evaluated(self, skeleton):
        """Evaluated joints exist, once each."""
        assert len(set(skeleton.evaluated)) == len(skeleton.evaluated)
        assert set(skeleton.evaluated) <= set(range(len(skeleton.joint_names)))

    def test_ends_are_affine(self, skeleton):
        """Weights of every end name joints and sum to 1."""
        for capsule in skeleton.capsules:
            for end in (capsule.start, capsule.end):
                assert set(end) <= set(skeleton.joint_names)
                assert sum(end.values()) == pytest.approx(1, abs=1e-9)
            assert capsule.start_radius_mm > 0
            assert capsule.end_radius_mm > 0

    def test_flesh_moves_with_the_hand(self, skeleton):
        """A hand that is shifted takes its flesh along, unchanged in size."""
        joints = 50 * torch.randn(2, len(skeleton.joint_names), 3, dtype=torch.float64)
        shift = torch.tensor([10.0, -20.0, 700.0], dtype=torch.float64)
        thickness = torch.ones(2, dtype=torch.float64)
        here = skeleton.flesh(joints, thickness)
        there = skeleton.flesh(joints + shift, thickness)
        for ours, theirs in zip(here[:2], there[:2], strict=True):
            torch.testing.assert_close(ours + shift, theirs)
        for ours, theirs in zip(here[2:], there[2:], strict=True):
            torch.testing.assert_close(ours, theirs)


class TestSkeleton:
    def test_scale_by_hand(self):
        """50 mm where 40 are usual is a hand of size 1.25."""
        joints = torch.tensor([[[0.0, 0.0, 700.0], [30.0, 0.0, 740.0]]])
        assert STICK.scale(joints).tolist() == [1.25]

    def test_flesh_by_hand(self):
        """Ends lie where their weights say, and radii follow the thickness."""
        joints = torch.tensor([[[0.0, 0.0, 700.0], [40.0, -8.0, 740.0]]])
        start, end, *radii = STICK.flesh(joints, torch.tensor([1.5]))
        assert start.tolist() == [[[0.0, 0.0, 700.0]]]
        assert end.tolist() == [[[30.0, -6.0, 730.0]]]
        assert [radius.tolist() for radius in radii] == [[[15.0]], [[12.0]]]


class TestHand21:
    def test_order(self):
        """Joints come as in the MSRA sets: wrist, then four a finger, thumb last."""
        assert HAND21.joint_names[0] == "wrist"
        assert HAND21.joint_names[5:9] == (
            "middle_mcp",
            "middle_pip",
            "middle_dip",
            "middle_tip",
        )
        assert HAND21.joint_names[20] == "thumb_tip"
        assert HAND21.evaluated == tuple(range(21))


class TestNyu36:
    def test_evaluated_of_the_papers(self):
        """14 joints are evaluated, and joint 32 is the root."""
        wanted = (0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32)
        assert NYU36.evaluated == wanted
        assert NYU36.root == 32
        assert len(NYU36.joint_names) == 36

    def test_as_thick_as_real_hands(self, realdata):
        """The label of a real frame, rendered, covers its hand at its depth."""
        path = realdata / "nyu/frames/depth_1_0000001.png"
        with Image.open(path) as image:
            _, high, low = np.moveaxis(np.asarray(image).astype(np.float32), -1, 0)
        labels = poses.labels(str(realdata / "nyu"))
        joints = torch.tensor(labels.joints_mm[:1])
        u, v, scale = geometry.crop_pixels(joints[:, 32], labels.camera, 128)
        place = np.arange(128) + 0.5
        rows = (v.item() + scale.item() * place).astype(int)
        columns = (u.item() + scale.item() * place).astype(int)
        real = (256 * high + low)[np.ix_(rows, columns)]
        start, end, *radii = NYU36.flesh(joints, torch.tensor(labels.thickness[:1]))
        ours = render.render(
            start,
            end,
            *radii,
            centre_mm=joints[:, 32],
            camera=labels.camera,
            side_px=128,
        )[0].numpy()
        above_the_arm = np.arange(128)[:, None] < 95
        theirs = (np.abs(real - joints[0, 32, 2].item()) < 125) & above_the_arm
        covered = (ours > 0) & above_the_arm
        both = covered & theirs
        assert both.sum() / (covered | theirs).sum() > 0.85
        apart = (ours - real)[both]
        assert np.abs(np.median(apart)) < 3
        assert np.abs(apart).mean() < 6


class TestOfParents:
    def test_bones_follow_each_other(self):
        """Each finger is one chain, whatever the order of the joints."""
        names = ("a_tip", "palm", "b_tip", "a_mid", "b_mid")
        parents = ("a_mid", "", "b_mid", "palm", "palm")
        made = skeleton.of_parents(names, parents, root="palm", evaluated=("a_tip",))
        assert made.bones == ((1, 3), (3, 0), (1, 4), (4, 2))
        assert (made.root, made.evaluated) == (1, (0,))
        assert made.capsules == ()
        with pytest.raises(ValueError, match="`size` must be known"):
            made.scale(torch.zeros(1, 5, 3))

    def test_names_tell_them_apart(self):
        """Other names, bones, roots or evaluated joints are another skeleton."""
        made = {
            skeleton.of_parents(names, parents, root=root, evaluated=evaluated).name
            for names, parents, root, evaluated in (
                (("a", "b", "c"), ("", "a", "b"), "a", ()),
                (("a", "b", "c"), ("", "a", "a"), "a", ()),
                (("a", "b", "c"), ("", "a", "b"), "b", ()),
                (("a", "b", "c"), ("", "a", "b"), "a", ("a",)),
                (("a", "b", "d"), ("", "a", "b"), "a", ()),
            )
        }
        assert len(made) == 5

    @pytest.mark.parametrize("known", [HAND21, skeleton.ICVL16], ids=lambda s: s.name)
    def test_a_known_one(self, known):
        """The joints and bones of a known skeleton are that skeleton."""
        above = {child: known.joint_names[parent] for parent, child in known.bones}
        parents = tuple(above.get(n, "") for n in range(len(known.joint_names)))
        made = skeleton.of_parents(
            known.joint_names, parents, root=known.joint_names[known.root]
        )
        assert made is known
