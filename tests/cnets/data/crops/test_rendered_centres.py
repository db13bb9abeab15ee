"""Tests of `cnets.data.crops.rendered_centres` against whole frames and a ball."""

import dataclasses

import numpy as np
import pytest
import torch

from cnets.cameras import CAMERAS
from cnets.data.crops import centre, rendered_centres
from cnets.data.files import frame_files
from cnets.data.readers import poses, synthetic
from cnets.data.readers.labels import Labels
from cnets.hands import render


@pytest.fixture(scope="module")
def labels() -> Labels:
    """Twenty poses."""
    return synthetic.labels(20)


def moved(labels: Labels, *offset_mm: float) -> Labels:
    """All hands in another place."""
    joints = labels.joints_mm + np.array(offset_mm, np.float32)
    return dataclasses.replace(labels, joints_mm=joints)


def whole(labels: Labels, row: int) -> np.ndarray:
    """A frame without noise, each pixel's ray by itself, in an image of all pixels."""
    camera = labels.camera
    flesh = labels.skeleton.flesh(
        torch.tensor(labels.joints_mm[row : row + 1]).double(),
        torch.tensor(labels.thickness[row : row + 1]).double(),
    )
    start, end, start_radius, end_radius = (part[0] for part in flesh)
    v, u = np.mgrid[: camera.height_px, : camera.width_px].reshape(2, -1) + 0.5
    x = torch.tensor((u - camera.cx) / camera.fx)
    y = torch.tensor((camera.cy - v) / camera.fy)
    nearest = np.full(len(u), np.inf)
    for capsule in range(len(start)):
        many = [part[capsule].expand(len(u), -1) for part in (start, end)]
        radii = [part[capsule].expand(len(u)) for part in (start_radius, end_radius)]
        depth = render.intersect(x, y, *many, *radii).numpy()
        nearest = np.minimum(nearest, depth)
    nearest[np.isinf(nearest)] = 0
    return nearest.reshape(camera.height_px, camera.width_px).astype(np.float32)


def test_only_where_there_is_none(labels):
    """A row of NaN is found as it would be with all others; they stay as they are."""
    some = dataclasses.replace(labels, centres_mm=labels.centres_mm.copy())
    some.centres_mm[[5, 8]] = np.nan
    wanted = labels.centres_mm[4:12].copy()
    wanted[[1, 4]] = rendered_centres.found_mm(labels, slice(4, 12))[[1, 4]]
    assert np.array_equal(rendered_centres.of_rows(some, slice(4, 12)), wanted)
    assert np.isnan(some.centres_mm[5]).all()


@pytest.mark.parametrize(
    ("row", "offset_mm"), [(0, (330, 0, 0)), (1, (-60, -240, 0)), (2, (40, 20, -150))]
)
def test_as_in_the_whole_frame(labels, row, offset_mm):
    """The centre is that of the whole frame, also of a hand at the image's edge."""
    some = moved(labels, *offset_mm)
    found = rendered_centres.found_mm(some, slice(row, row + 1))[0]
    u, v, depth = centre.find(whole(some, row), some.camera)
    camera = some.camera
    x = (u + 0.5 - camera.cx) * depth / camera.fx
    y = (camera.cy - v - 0.5) * depth / camera.fy
    # noise takes a third of the pixels at edges, and moves depths by a few mm
    np.testing.assert_allclose(found, [x, y, depth], atol=1.5)


def test_parts_hold_the_whole_hand(labels):
    """Pixel by pixel what the whole frame has, and nothing is outside."""
    frame = whole(labels, 0)
    (part, camera, (u, v)), *more = rendered_centres.parts_mm(labels, slice(0, 1))
    assert more == []
    assert (labels.camera.cx - camera.cx, labels.camera.cy - camera.cy) == (u, v)
    height, width = part.shape
    inside = frame[v : v + height, u : u + width]
    assert np.count_nonzero(frame) == np.count_nonzero(inside) > 2000
    seen = part > 0
    assert not (seen & (inside == 0)).any()
    assert seen.sum() > 0.8 * np.count_nonzero(inside)
    # a step of the sensor is 1.7 mm at 780 mm; the noise has 1.5 mm
    apart = np.abs(part - inside)[seen]
    assert np.median(apart) < 3
    assert apart.max() < 15


def test_as_in_the_real_frame(realdata):
    """In NYU's first test frame the centre lies where the rendered label has it."""
    real = frame_files.read(realdata / "nyu/frames/depth_1_0000001.png", None)
    u, v, depth = centre.find(real, CAMERAS["nyu"])
    camera = CAMERAS["nyu"]
    x, y = (u - camera.cx) / camera.fx * depth, (camera.cy - v) / camera.fy * depth
    found = rendered_centres.found_mm(poses.labels(f"{realdata}/nyu"), slice(0, 1))
    assert np.linalg.norm(found[0] - [x, y, depth]) < 4


def test_a_hand_outside_the_image(labels):
    """Nothing is seen, so the centre is the point on the axis that `find` gives."""
    far = moved(labels, 3000, 0, 0)
    found = rendered_centres.found_mm(far, slice(4, 6))
    axis = [0.5 * 500 / far.camera.fx, -0.5 * 500 / far.camera.fy, 500]
    np.testing.assert_allclose(found, [axis, axis], atol=1e-2)


def test_repeats(labels):
    """The same frames have the same centres; labels of other frames do not matter."""
    first = rendered_centres.found_mm(labels, slice(4, 8))
    assert np.array_equal(first, rendered_centres.found_mm(labels, slice(4, 8)))
    joints = labels.joints_mm.copy()
    joints[8:] += 50
    other = dataclasses.replace(
        labels, joints_mm=joints, centres_mm=labels.centres_mm + 30
    )
    assert np.array_equal(first, rendered_centres.found_mm(other, slice(4, 8)))
    whole_part = rendered_centres.found_mm(labels, slice(0, 20))
    assert np.array_equal(first, whole_part[4:8])
