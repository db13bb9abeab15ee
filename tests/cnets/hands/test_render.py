"""Tests of `cnets.hands.render`: closed forms, and balls by the thousand.

The truth for a tapered capsule is what the word says: the union of the balls
between its two ends, each tried against each ray in float64.
"""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from cnets import geometry
from cnets.cameras import CAMERAS
from cnets.data.readers import poses, synthetic
from cnets.data.readers.labels import Labels
from cnets.hands import render


CAMERA = CAMERAS["nyu"]
SIDE_PX = 48


def union_of_balls(rays: np.ndarray, ends: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Depth at which rays enter a capsule; infinity where they miss.

    Args:
        rays: x and y of the directions (x, y, 1), [rays, 2].
        ends: The two centres, [2, 3].
        radii: Their radii, [2].
    """
    share = np.linspace(0, 1, 2001)[:, None]
    centres = (1 - share) * ends[0] + share * ends[1]
    radius = (1 - share[:, 0]) * radii[0] + share[:, 0] * radii[1]
    x, y = rays[:, :1], rays[:, 1:]
    square = x**2 + y**2 + 1
    along = x * centres[:, 0] + y * centres[:, 1] + centres[:, 2]
    root = along**2 - square * ((centres**2).sum(1) - radius**2)
    depth = (along - np.sqrt(np.maximum(root, 0))) / square
    return np.where((root > 0) & (depth > render.NEAREST_MM), depth, np.inf).min(1)


def pixel_rays(centre_mm: torch.Tensor, side_px: int) -> np.ndarray:
    """Directions through the middles of a crop's pixels, by similar triangles."""
    x, y, z = centre_mm[0].double().tolist()
    half = 125 * np.array([1, CAMERA.fx / CAMERA.fy]) / z
    place = (np.arange(side_px) + 0.5) / side_px * 2 - 1
    right, down = np.meshgrid(place, place)
    return np.stack([x / z + right * half[0], y / z - down * half[1]], -1).reshape(
        -1, 2
    )


def intersect(rays: np.ndarray, ends: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """One capsule against many rays, in float32."""
    numbers = [
        *torch.tensor(rays.T, dtype=torch.float32),
        *(torch.tensor(end, dtype=torch.float32).expand(len(rays), 3) for end in ends),
        *(torch.full((len(rays),), float(radius)) for radius in radii),
    ]
    return render.intersect(*numbers).double().numpy()


def picture(
    capsules: list[tuple],
    centre: Sequence[float] = (0.0, 0.0, 700.0),
    side_px: int = SIDE_PX,
) -> torch.Tensor:
    """The depth image of capsules (start, end, radius, radius)."""
    start, end, *radii = (
        torch.tensor(np.array([part]), dtype=torch.float)
        for part in zip(*capsules, strict=True)
    )
    return render.render(
        start,
        end,
        *radii,
        centre_mm=torch.tensor([centre]),
        camera=CAMERA,
        side_px=side_px,
    )[0]


def random_capsule(draw: np.random.Generator, lean: float):
    """Ends and radii; `lean` is how far its axis leaves the line of sight."""
    start = np.array([*draw.uniform(-120, 120, 2), draw.uniform(450, 900)])
    axis = draw.choice([-1, 1]) * start / np.linalg.norm(start) + lean * draw.normal(
        size=3
    )
    end = start + draw.uniform(5, 90) * axis / np.linalg.norm(axis)
    ends = np.array([start, end], np.float32).astype(float)
    return ends, np.float32(draw.uniform(5, 20, 2)).astype(float)


class TestIntersect:
    def test_ball(self):
        """A ray through a ball's middle enters it one radius before the middle."""
        ends = np.array([[0.0, 0.0, 600.0], [0.0, 0.0, 600.0]])
        rays = np.array([[0.0, 0.0], [19.99 / 600, 0.0], [21 / 600, 0.0]])
        depth = intersect(rays, ends, np.array([20.0, 20.0]))
        assert depth[0] == pytest.approx(580, abs=1e-4)
        assert 579 < depth[1] < 601
        assert np.isinf(depth[2])

    def test_ball_off_the_axis(self):
        """A ray hits a ball at the nearer root of |t (x, y, 1) - c| = r."""
        centre, radius = np.array([80.0, -60.0, 500.0]), 30.0
        rays = centre[:2] / 500 + np.array([[0.0, 0.0], [0.02, -0.03], [-0.04, 0.01]])
        depth = intersect(rays, np.array([centre, centre]), np.array([radius, radius]))
        for (x, y), found in zip(rays, depth, strict=True):
            way = np.array([x, y, 1.0])
            roots = np.roots(
                [way @ way, -2 * way @ centre, centre @ centre - radius**2]
            )
            assert found == pytest.approx(roots.real.min(), abs=1e-3)

    def test_straight_capsule_is_a_cylinder(self):
        """A bar across the view is hit where z = 600 - sqrt(r^2 - h^2) at height h."""
        ends = np.array([[-100.0, 0.0, 600.0], [100.0, 0.0, 600.0]])
        heights = np.array([0.0, 3.0, 9.0])
        hit = 600 - np.sqrt(100 - heights**2)
        rays = np.stack([np.array([0.0, 0.05, -0.1]), heights / hit], 1)
        depth = intersect(rays, ends, np.array([10.0, 10.0]))
        np.testing.assert_allclose(depth, hit, atol=1e-3)

    def test_cone_by_hand(self):
        """A cone pointed at the camera is hit on its side, not on its far ball.

        Radii 0 and 30 with 50 mm between them: the sine of the half angle is
        3/5 and its tangent 3/4, so the ray 9 mm off the axis meets the cone 12
        mm behind its tip.
        """
        ends = np.array([[0.0, 0.0, 1e4], [0.0, 0.0, 1e4 + 50]])
        depth = intersect(np.array([[9e-4, 0.0]]), ends, np.array([1e-6, 30.0]))
        assert depth[0] == pytest.approx(1e4 + 12, abs=0.05)

    def test_along_the_side_of_a_cone(self):
        """A ray parallel to a cone's side meets the other side where both lines cross.

        The cone above, its tip at (765, 0, 1000): x = s z crosses the side
        x = 765 - 3/4 (z - 1000) at z = (765 + 750) / (s + 3/4).
        """
        ends = np.array([[765.0, 0.0, 1000.0], [765.0, 0.0, 1050.0]])
        slopes = 0.75 + np.array([-1e-4, -1e-6, -1e-7, 0.0, 1e-7, 1e-6, 1e-4])
        slopes = slopes.astype(np.float32).astype(float)
        rays = np.stack([slopes, np.zeros(7)], 1)
        depth = intersect(rays, ends, np.array([1e-6, 30.0]))
        np.testing.assert_allclose(depth, 1515 / (slopes + 0.75), atol=1e-3, rtol=0)

    @pytest.mark.parametrize("lean", [0.0, 0.1, 0.5, 5.0])
    def test_union_of_balls(self, lean):
        """Tapered capsules are the union of their balls to 0.01 mm, from every side."""
        draw = np.random.default_rng(1)
        compared = 0
        for _ in range(40):
            ends, radii = random_capsule(draw, lean)
            inside = ends[0] + draw.random((80, 1)) * (ends[1] - ends[0])
            points = inside + draw.normal(size=(80, 3)) * radii.max()
            rays = np.float32(points[:, :2] / points[:, 2:]).astype(float)
            truth = union_of_balls(rays, ends, radii)
            # a silhouette: the nearest capsules of other size are missed
            grown = [union_of_balls(rays, ends, radii * by) for by in (0.999, 1.001)]
            clear = np.isfinite(grown[0]) == np.isfinite(grown[1])
            seen = clear & np.isfinite(truth)
            found = intersect(rays, ends, radii)
            np.testing.assert_array_equal(
                np.isfinite(found)[clear], np.isfinite(truth)[clear]
            )
            np.testing.assert_allclose(found[seen], truth[seen], atol=0.01, rtol=0)
            compared += seen.sum()
        assert compared > 1000

    def test_ball_within_a_ball(self):
        """A capsule whose one ball holds the other is the larger ball."""
        ends = np.array([[5.0, 0.0, 600.0], [0.0, 0.0, 603.0]])
        rays = np.random.default_rng(2).uniform(-0.05, 0.05, (200, 2))
        found = intersect(rays, ends, np.array([8.0, 25.0]))
        truth = intersect(rays, ends[[1, 1]], np.array([25.0, 25.0]))
        np.testing.assert_array_equal(found, truth)

    def test_behind_the_camera(self):
        """What lies behind the camera is not seen."""
        ends = np.array([[0.0, 0.0, -600.0], [10.0, 0.0, -500.0]])
        rays = np.random.default_rng(2).uniform(-0.1, 0.1, (200, 2))
        assert np.isinf(intersect(rays, ends, np.array([20.0, 30.0]))).all()


class TestRender:
    def test_ball_at_the_centre(self):
        """The middle is one radius nearer; the outline has the ball's size."""
        depth = picture([((0, 0, 700), (0, 0, 700), 50, 50)], side_px=129)
        assert depth[64, 64].item() == pytest.approx(650, abs=1e-3)
        sight = 50 / np.sqrt(700**2 - 50**2)  # tangent of the ball's half angle
        area = np.pi * (sight * 700 / 250 * 129) ** 2 * CAMERA.fy / CAMERA.fx
        assert (depth > 0).sum().item() == pytest.approx(area, rel=0.01)

    def test_up_and_right(self):
        """A ball with x and y above the centre's lies in the right upper quarter."""
        depth = picture([((60, 60, 700), (60, 60, 700), 20, 20)])
        rows, columns = depth.nonzero(as_tuple=True)
        assert rows.max() < SIDE_PX / 2
        assert columns.min() > SIDE_PX / 2

    def test_nothing(self):
        """Pixels without a capsule are 0, also where all capsules are elsewhere."""
        assert not picture([((400, 0, 700), (450, 0, 700), 20, 20)]).any()

    def test_nearest_wins(self):
        """In front of each other, in any order, the nearer capsule is seen."""
        far, near = ((-90, 0, 720), (90, 0, 720), 20, 20), ((0, 0, 650),) * 2 + (30, 30)
        both, turned = picture([far, near]), picture([near, far])
        alone = [picture([one]) for one in (far, near)]
        stacked = torch.stack([one.where(one > 0, torch.inf) for one in alone]).amin(0)
        assert torch.equal(both, stacked.where(stacked.isfinite(), 0.0))
        assert torch.equal(both, turned)

    @pytest.mark.parametrize("kind", ["inside", "at the rim", "around the camera"])
    def test_boxes_cut_nothing(self, kind):
        """Trying every pixel finds no pixel that the bounding boxes have left out."""
        draw = np.random.default_rng(3)
        centre = torch.tensor([[30.0, -20.0, 700.0]])
        rays = pixel_rays(centre, SIDE_PX)
        spread, deep = {
            "inside": (60, (600, 800)),
            "at the rim": (250, (300, 1500)),
            "around the camera": (250, (-600, 700)),
        }[kind]
        seen = 0
        for _ in range(30):
            ends = np.stack(
                [*draw.normal(size=(2, 2)).T * spread, draw.uniform(*deep, 2)], 1
            )
            radii = draw.uniform(3, 60, 2)
            depth = picture([(*ends, *radii)], centre[0].tolist()).reshape(-1).numpy()
            truth = intersect(rays, ends, radii)
            covered = np.isfinite(truth)
            # rays of float32 and float64 may part at an outline
            assert ((depth > 0) != covered).sum() <= 2
            seen += covered.sum()
        assert seen > 1000

    def test_needle_past_the_camera(self):
        """What comes from behind the camera is seen up to the crop's rim."""
        ends = np.array([[0.0, 0.0, -100.0], [10.0, 0.0, 100.0]])
        radii = np.array([0.5, 0.5])
        centre = torch.tensor([[0.0, 0.0, 20.0]])
        depth = picture([(*ends, *radii)], centre[0].tolist()).reshape(-1).numpy()
        covered = np.isfinite(intersect(pixel_rays(centre, SIDE_PX), ends, radii))
        assert covered.reshape(SIDE_PX, SIDE_PX)[:, SIDE_PX * 3 // 4 :].any()
        assert ((depth > 0) != covered).sum() <= 2

    def test_frames_know_nothing_of_each_other(self):
        """A frame alone has the bytes that it has in a batch."""
        labels = synthetic.labels(20)
        together = depth_of(labels, slice(0, 6), 32)
        assert torch.equal(together[4:5], depth_of(labels, slice(4, 5), 32))


def depth_of(labels: Labels, rows, side_px: int = 128) -> torch.Tensor:
    """Frames of a set as they are rendered, without noise."""
    joints, thickness = (
        torch.tensor(array[rows]).double()
        for array in (labels.joints_mm, labels.thickness)
    )
    start, end, *radii = (
        part.float() for part in labels.skeleton.flesh(joints, thickness)
    )
    return render.render(
        start,
        end,
        *radii,
        centre_mm=torch.tensor(labels.centres_mm[rows]),
        camera=labels.camera,
        side_px=side_px,
    )


def flesh_radius(labels: Labels, row: int) -> np.ndarray:
    """Radius of the largest ball around each joint of a frame."""
    joints = torch.tensor(labels.joints_mm[[row]])
    start, end, *radii = labels.skeleton.flesh(
        joints, torch.tensor(labels.thickness[[row]])
    )
    largest = np.zeros(joints.shape[1])
    for centres, radius in zip((start, end), radii, strict=True):
        at = (centres[0, :, None] - joints[0]).norm(dim=2) < 1e-2
        largest = np.maximum(largest, (at * radius[0, :, None]).amax(0).numpy())
    return largest


def check_joints_lie_within(labels: Labels, rows: range) -> None:
    """The ball around each joint lies behind the surface, and many are seen."""
    images = depth_of(labels, list(rows)).double().numpy()
    ahead = []
    for image, row in zip(images, rows, strict=True):
        joints, centre = (
            torch.tensor(array[[row]])
            for array in (labels.joints_mm, labels.centres_mm)
        )
        places = geometry.to_crop_pixels(joints, centre, labels.camera, 128)[0]
        column, line = places.floor().long().numpy().T
        shown = (column >= 0) & (column < 128) & (line >= 0) & (line < 128)
        assert shown.mean() > 0.8
        column, line = column[shown], line[shown]
        rays = pixel_rays(centre, 128).reshape(128, 128, 2)[line, column]
        radius = flesh_radius(labels, row)[shown]
        ends = zip(joints[0].double().numpy()[shown], radius, strict=True)
        balls = [
            union_of_balls(ray[None], np.stack([end, end]), np.array([size, size]))[0]
            for ray, (end, size) in zip(rays, ends, strict=True)
        ]
        surface = image[line, column]
        assert (surface > 0).all()
        assert (surface < np.array(balls) + 0.01).all()
        ahead.append(joints[0, :, 2].numpy()[shown] - surface - radius)
    assert (np.concatenate(ahead) < 3).mean() > 0.25


class TestJointsLieWithinTheSurface:
    def test_embedded(self):
        """Joints of the embedded hands lie in their flesh."""
        check_joints_lie_within(synthetic.labels(200), range(0, 200, 20))

    def test_real(self, realdata):
        """Joints of real poses lie in their flesh."""
        check_joints_lie_within(
            poses.labels(str(realdata / "nyu")), range(0, 8252, 826)
        )
