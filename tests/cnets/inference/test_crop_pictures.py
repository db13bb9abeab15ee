"""Tests of `cnets.inference.crop_pictures`: which tile shows what, and where joints are."""

import numpy as np
import pytest
import torch

from cnets import geometry, presets
from cnets.data.opening import open_data
from cnets.inference import crop_pictures, pictures
from cnets.training.bank import Bank


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache that the tests of this file share."""
    return tmp_path_factory.mktemp("cache")


class TestPage:
    def test_places(self, folder):
        """The upper tile is the crop, the one below it the crop with its joints."""
        hands = open_data("synthetic:20", side_px=32, cache=folder)
        page = crop_pictures.page(hands, np.array([3, 11]))
        plain = pictures.of_depth(hands.crops[11])
        assert np.array_equal(page[:128, 128:], plain)
        below = page[128:, 128:]
        changed = (below != plain).any(-1)
        assert 0.01 < changed.mean() < 0.3

    def test_joints_are_where_the_hand_is(self, folder):
        """Dots lie on the joints' pixels, which lie on the hand."""
        hands = open_data("synthetic:20", side_px=32, cache=folder)
        below = crop_pictures.page(hands, np.array([7]))[128:]
        camera, centre = hands.camera, hands.centres_mm[7].astype(float)
        x, y, z = (hands.joints_mm[7].astype(float)).T
        half = geometry.CUBE_MM / 2 * camera.fx / centre[2]
        u = camera.fx * (x / z - centre[0] / centre[2])
        v = camera.fy * (centre[1] / centre[2] - y / z)
        columns, rows = (
            np.floor((place / half + 1) * 64).astype(int) for place in (u, v)
        )
        inside = (columns >= 0) & (columns < 128) & (rows >= 0) & (rows < 128)
        assert inside.sum() >= 18
        assert (below[rows[inside], columns[inside]] == 255).all()


def test_sheet():
    """Crops row after row, ten in each, with a number in the corner and nowhere else."""
    crops = np.random.default_rng(0).uniform(-1, 1, (12, 32, 32))
    sheet = crop_pictures.sheet(crops)
    assert sheet.shape == (256, 1280, 3)
    eleventh, plain = sheet[128:, :128], pictures.of_depth(crops[10])
    rows, columns = np.nonzero((eleventh != plain).any(-1))
    assert 0 < rows.max() < 20
    assert 0 < columns.max() < 30
    assert (sheet[128:, 256:] == 0).all()


class TestJoints:
    def test_they_lie_on_the_picture_below(self, folder):
        """Only pixels near joints and bones change; the picture itself does not."""
        hands = open_data("synthetic:20", side_px=32, cache=folder)
        rows = np.array([2])
        under = [pictures.of_depth(hands.crops[2])]
        before = under[0].copy()
        labels = torch.tensor(hands.joints_mm[rows])
        (over,) = crop_pictures.joints(hands, rows, labels, under)
        assert np.array_equal(under[0], before)
        assert 0.01 < (over != before).any(-1).mean() < 0.3

    def test_predicted_ones_may_lie_elsewhere(self, folder):
        """Joints that are moved are drawn at another place."""
        hands = open_data("synthetic:20", side_px=32, cache=folder)
        rows = np.array([2])
        under = [pictures.of_depth(hands.crops[2])]
        labels = torch.tensor(hands.joints_mm[rows])
        (first,) = crop_pictures.joints(hands, rows, labels, under)
        (second,) = crop_pictures.joints(hands, rows, labels + 20, under)
        assert not np.array_equal(first, second)


class TestStrip:
    def test_rows_of_the_picture(self, hands):
        """Measured, rendered and mixed images, then the measured ones with joints."""
        run = presets.preset("tiny").replace({"networks.joints": 5, "latent_size": 6})
        bank = Bank(hands)
        lane = bank.lane(run)
        strip = crop_pictures.strip(bank, lane)
        assert strip.shape == (4 * 128, 4 * 128, 3)
        rows = hands.rows("validation")[[0, 4, 9, 14]]
        for column, row in enumerate(rows):
            part = slice(128 * column, 128 * (column + 1))
            measured = pictures.of_depth(hands.crops[row])
            assert np.array_equal(strip[:128, part], measured)
            code = bank.judge.codes(lane, rows)[column : column + 1]
            rendered = bank.judge.render(lane, code)[0, 0].numpy()
            found = strip[128:256, part].astype(int)
            assert abs(found - pictures.of_depth(rendered).astype(int)).max() <= 1
