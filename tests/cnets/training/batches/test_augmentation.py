"""Tests of `cnets.training.batches.augmentation`, held against the renderer.

A hand is rendered, its crop and its joints are changed, and the changed joints are
rendered again: both images must be the same but for the sampling of pixels.
"""

import math

import numpy as np
import pytest
import torch

from cnets import presets
from cnets.cameras import CAMERAS
from cnets.data.crops import crop
from cnets.data.readers import synthetic
from cnets.hands import render
from cnets.hands.skeleton import HAND21
from cnets.training.batches import augmentation


SIDE_PX = 128
CAMERA = CAMERAS["nyu"]


@pytest.fixture(scope="module")
def labels():
    """Forty hands, up to 20 degrees beside the camera's axis."""
    return synthetic.labels(40)


def rendered(points_mm, thickness, centres_mm) -> torch.Tensor:
    """Crops without noise."""
    flesh = HAND21.flesh(points_mm.double(), thickness.double())
    depth = render.render(
        *(part.float() for part in flesh),
        centre_mm=centres_mm.float(),
        camera=CAMERA,
        side_px=SIDE_PX,
    ).numpy()
    middle = centres_mm[:, 2].numpy().astype(np.float32)
    return torch.tensor(crop.normalised(depth, middle)).double()[:, None]


def both(labels, moves) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Crops before a change, as it makes them, and rendered from the changed joints."""
    centres = torch.tensor(labels.centres_mm).double()
    points = torch.tensor(labels.joints_mm).double()
    thickness = torch.tensor(labels.thickness).double()
    joints = points - centres[:, None]
    before = rendered(points, thickness, centres)
    far = augmentation.farthest(joints)
    found = augmentation.of_crops(before, centres, moves, far)
    moved = augmentation.of_joints(joints, centres, moves)
    about = centres + moves[:, 2:]
    wanted = rendered(moved + about[:, None], thickness * moves[:, 1], about)
    return before, found, wanted


def change(count: int = 40, **values: float) -> torch.Tensor:
    """One change for all hands."""
    one = {"turn": 0.0, "size": 1.0, "x": 0.0, "y": 0.0, "z": 0.0} | values
    return torch.tensor([list(one.values())] * count).double()


class TestAgainstTheRenderer:
    @pytest.mark.parametrize(
        "values",
        [
            {"turn": math.radians(30)},
            {"turn": math.radians(-30)},
            {"turn": math.radians(90)},
            {"size": 1.2},
            {"size": 0.8},
            {"x": 20.0, "y": -15.0},
            {"z": 15.0},
            {"z": -15.0},
            {"turn": 0.5, "size": 1.1, "x": -12.0, "y": 12.0, "z": 12.0},
        ],
        ids=str,
    )
    def test_a_changed_crop_is_the_one_of_the_changed_joints(self, labels, values):
        """Mean 0.014 of a range of 2 apart, outlines by 5 % of the hand's pixels."""
        before, found, wanted = both(labels, change(**values))
        off = (found - wanted).abs().mean()
        assert off < 0.014
        assert off < 0.3 * (before - wanted).abs().mean()
        outline = ((found < 1) != (wanted < 1)).sum() / (wanted < 1).sum()
        assert outline < 0.05

    def test_the_other_way_round_is_not(self, labels):
        """A crop that is turned to the right has no joints turned to the left."""
        _, found, _ = both(labels, change(turn=math.radians(-30)))
        _, _, wanted = both(labels, change(turn=math.radians(30)))
        assert (found - wanted).abs().mean() > 0.2


class TestOfJoints:
    def test_a_quarter_turn_on_the_axis(self):
        """To the left, as the camera sees it: right becomes up, up becomes left."""
        joints = torch.tensor([[[30.0, 0.0, 0.0], [0.0, 20.0, 0.0]]])
        centre = torch.tensor([[0.0, 0.0, 600.0]])
        moves = change(1, turn=math.pi / 2).float()
        found = augmentation.of_joints(joints, centre, moves)
        expected = torch.tensor([[[0.0, 30.0, 0.0], [-20.0, 0.0, 0.0]]])
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)

    def test_a_shift_is_exact_beside_the_axis_too(self):
        """Joints move against the centre, whatever the perspective."""
        joints = 60 * torch.randn(3, 21, 3).double()
        centres = torch.tensor([[200.0, -150.0, 600.0]]).double().expand(3, 3)
        moves = change(3, x=10.0, y=-20.0, z=30.0)
        found = augmentation.of_joints(joints, centres, moves)
        torch.testing.assert_close(found, joints - moves[:, None, 2:])

    def test_a_size_is_a_factor(self):
        """On the crop's plane exactly; 60 mm behind it perspective takes 1 %."""
        joints = torch.tensor([[[50.0, -40.0, 0.0], [50.0, -40.0, 60.0]]])
        centre = torch.tensor([[0.0, 0.0, 700.0]])
        found = augmentation.of_joints(joints, centre, change(1, size=1.1).float())
        torch.testing.assert_close(found[:, 0], 1.1 * joints[:, 0])
        torch.testing.assert_close(found[:, 1], 1.1 * joints[:, 1], rtol=0.01, atol=0)

    def test_nothing_changes_nothing(self):
        """A hand that is not moved stays where it is."""
        joints = 60 * torch.randn(2, 21, 3).double()
        centres = torch.tensor([[100.0, 50.0, 600.0]]).double().expand(2, 3)
        found = augmentation.of_joints(joints, centres, change(2))
        torch.testing.assert_close(found, joints)


class TestOfCrops:
    def test_a_quarter_turn_is_one_of_the_image(self):
        """Every pixel is found again, and none is made."""
        crops = torch.rand(2, 1, 32, 32).mul(1.5).sub(1).double()
        crops[:, :, 0, 0], crops[:, :, 5, 7] = -1.0, 1.0
        centres = torch.tensor([[0.0, 0.0, 600.0]] * 2).double()
        far = torch.tensor([50.0, 60.0]).double()
        found = augmentation.of_crops(crops, centres, change(2, turn=math.pi / 2), far)
        torch.testing.assert_close(found, crops.rot90(1, (2, 3)))

    def test_an_empty_crop_stays_empty(self):
        """Background is turned into background."""
        crops = torch.ones(1, 1, 32, 32).double()
        centre = torch.tensor([[0.0, 0.0, 600.0]]).double()
        moves = change(1, turn=1.0, size=1.2, x=5.0, z=9.0)
        found = augmentation.of_crops(
            crops, centre, moves, torch.tensor([50.0]).double()
        )
        assert torch.equal(found, crops)

    def test_what_leaves_the_cube_is_background_or_at_its_front(self):
        """A nearer centre: the farthest pixels go, the nearest is -1 again."""
        crops = torch.ones(1, 1, 32, 32).double()
        crops[0, 0, 8:16], crops[0, 0, 16:24] = -1.0, 0.9
        centre = torch.tensor([[0.0, 0.0, 600.0]]).double()
        far = torch.tensor([110.0]).double()
        found = augmentation.of_crops(crops, centre, change(1, z=-30.0), far)
        assert (found[0, 0, 17:23] == 1).all()
        assert (found[0, 0, 10:15, 1:31] == -1).all()


class TestDrawn:
    def test_how_they_are_distributed(self):
        """Angles evenly to both ends, the others normally, each about its middle."""
        run = presets.preset("tiny").replace(
            {
                "augment.rotation_deg": 30,
                "augment.scale_std": 0.1,
                "augment.shift_mm": 12,
            }
        )
        source = torch.Generator().manual_seed(0)
        moves = augmentation.drawn(run.augment, 20_000, source)
        turn = torch.rad2deg(moves[:, 0])
        assert -30 <= turn.min() < -29.9
        assert 29.9 < turn.max() <= 30
        assert turn.std().item() == pytest.approx(30 / math.sqrt(3), rel=0.02)
        assert moves[:, 1].mean().item() == pytest.approx(1, abs=0.003)
        assert moves[:, 1].std().item() == pytest.approx(0.1, rel=0.02)
        assert moves[:, 2:].std(0).tolist() == pytest.approx([12] * 3, rel=0.02)
        assert moves[:, 2:].mean(0).abs().max() < 0.3

    def test_a_size_has_limits(self):
        """However wide the spread, no hand is turned inside out."""
        run = presets.preset("tiny").replace({"augment.scale_std": 0.3})
        source = torch.Generator().manual_seed(0)
        sizes = augmentation.drawn(run.augment, 50_000, source)[:, 1]
        assert sizes.min() == 0.5
        assert sizes.max() <= 2.0

    @pytest.mark.parametrize("name", ["rotation_deg", "scale_std", "shift_mm"])
    def test_each_strength_alone(self, name):
        """What is off is exactly nothing, and the other draws are the same."""
        plain = presets.preset("tiny")
        assert not augmentation.is_on(plain, "joint")
        one = plain.replace({f"augment.{name}": 0.2})
        both = one.replace({"augment.rotation_deg": 10.0})
        assert augmentation.is_on(one, "joint")
        assert augmentation.is_on(one, "vae") == (name != "shift_mm")
        first, second = (
            augmentation.drawn(run.augment, 50, torch.Generator().manual_seed(1))
            for run in (one, both)
        )
        columns = {"rotation_deg": [0], "scale_std": [1], "shift_mm": [2, 3, 4]}[name]
        still = [c for c in range(5) if c not in columns]
        nothing = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0])[still]
        assert torch.equal(first[:, still], nothing.expand(50, -1))
        assert (first[:, columns] != 0).any()
        if name != "rotation_deg":
            assert torch.equal(first[:, columns], second[:, columns])

    def test_the_centre_may_stay(self):
        """Without a shift the rest is what it was."""
        run = presets.preset("tiny").replace(
            {"augment.rotation_deg": 30, "augment.shift_mm": 12}
        )
        whole, still = (
            augmentation.drawn(
                run.augment, 9, torch.Generator().manual_seed(2), shifted=shifted
            )
            for shifted in (True, False)
        )
        assert torch.equal(whole[:, :2], still[:, :2])
        assert (still[:, 2:] == 0).all()


def test_the_farthest_point_is_behind_the_farthest_joint():
    """Within the cube."""
    joints = torch.tensor([[[0.0, 0, 30], [0, 0, -50]], [[0, 0, 300], [0, 0, 0]]])
    assert augmentation.farthest(joints).tolist() == [40.0, 125.0]
