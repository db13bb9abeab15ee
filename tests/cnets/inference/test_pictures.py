"""Tests of `cnets.inference.pictures`: which pixel has which colour."""

import numpy as np
import pytest
from PIL import Image

from cnets.hands.skeleton import HAND21, NYU36
from cnets.inference import pictures


BLACK = np.zeros((128, 128, 3), np.uint8)


class TestOfDepth:
    @pytest.mark.parametrize("side_px", [32, 64, 128])
    def test_enlarged(self, side_px):
        """Every crop becomes 128 px large, each of its pixels a square."""
        crop = np.ones((side_px, side_px), np.float16)
        crop[1, 2] = -1
        picture = pictures.of_depth(crop)
        times = 128 // side_px
        assert picture.shape == (128, 128, 3)
        assert picture.dtype == np.uint8
        rows, columns, _ = np.nonzero(picture)
        assert set(rows) == set(range(times, 2 * times))
        assert set(columns) == set(range(2 * times, 3 * times))

    def test_near_is_bright(self):
        """-1 is white, +1 black, 0 in between; values beyond are held."""
        crop = np.array([[-1, 1], [0, 3]], np.float32)
        picture = pictures.of_depth(crop)
        assert (picture[0, 0] == 255).all()
        assert (picture[0, -1] == 0).all()
        assert (picture[-1, 0] == 128).all()
        assert (picture[-1, -1] == 0).all()


class TestWithJoints:
    def test_joint_at_its_pixel(self):
        """A joint at (40.5, 20.5) has its white dot around column 40 and row 20."""
        joints = np.array([[40.5, 20.5], [90.5, 100.5]])
        drawn = pictures.with_joints(BLACK, joints, [(0, 1)])
        for u, v in ((40, 20), (90, 100)):
            assert (drawn[v, u] == 255).all()
        rows, columns = np.nonzero((drawn[:50] == 255).all(-1))
        assert (columns.mean(), rows.mean()) == (40, 20)

    def test_bone_between_its_joints(self):
        """The middle of the first bone has the first colour."""
        joints = np.array([[20.5, 64.5], [100.5, 64.5]])
        drawn = pictures.with_joints(BLACK, joints, [(0, 1)])
        assert tuple(drawn[64, 60]) == pictures.COLOURS[0]
        assert not drawn[:55].any()

    def test_the_picture_is_kept(self):
        """What is drawn on stays as it was, and shows where nothing is drawn."""
        grey = np.full((128, 128, 3), 90, np.uint8)
        drawn = pictures.with_joints(grey, np.array([[5.0, 5.0], [9.0, 9.0]]), [(0, 1)])
        assert (grey == 90).all()
        assert (drawn[60:] == 90).all()

    def test_outside(self):
        """Joints outside the picture change nothing in it."""
        joints = np.array([[-300.0, -300.0], [-400.0, 50.0]])
        assert not pictures.with_joints(BLACK, joints, [(0, 1)]).any()


class TestColours:
    def test_a_colour_a_finger(self):
        """The four bones of each embedded finger share one of five colours."""
        found = pictures.colours(HAND21.bones)
        assert [found[4 * i : 4 * i + 4] for i in range(5)] == [
            [colour] * 4 for colour in pictures.COLOURS
        ]

    def test_a_colour_a_real_finger(self):
        """Real fingers have five bones each; the palm's bones are grey."""
        found = pictures.colours(NYU36.bones)
        assert found[:25] == [colour for colour in pictures.COLOURS for _ in range(5)]
        assert set(found[25:]) == {pictures.GREY}


class TestGrid:
    def test_row_after_row(self):
        """Three tiles in two columns leave the last place black."""
        tiles = [np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30)]
        page = pictures.grid(tiles, 2)
        assert page.shape == (4, 6, 3)
        places = page[::2, ::3, 0]
        assert places.tolist() == [[10, 20], [30, 0]]


class TestSavePng:
    def test_read_back(self, tmp_path):
        """The file holds the picture to the last bit."""
        picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
        pictures.save_png(tmp_path / "a.png", picture)
        with Image.open(tmp_path / "a.png") as image:
            assert np.array_equal(np.asarray(image), picture)

    def test_cannot_be_written(self, tmp_path):
        """A folder in the file's place is refused in a sentence."""
        with pytest.raises(ValueError, match="`out` must be a file to write, got"):
            pictures.save_png(tmp_path, BLACK)


def test_a_joint_that_is_not_known():
    """Neither it nor a bone that ends in it is drawn; the others are."""
    joints = np.array([[20.0, 20.0], [np.nan, np.nan], [100.0, 20.0]])
    drawn = pictures.with_joints(BLACK, joints, [(0, 1), (0, 2)])
    alone = pictures.with_joints(BLACK, joints[[0, 2]], [(0, 1)])
    assert ((drawn > 0).any(-1) == (alone > 0).any(-1)).all()


@pytest.mark.parametrize("name", ["thesis.pdf", "a", "nowhere/a.png", ".", "x" * 300])
def test_a_file_that_is_no_picture_stays(tmp_path, name):
    """Only a PNG in a folder that exists is written, or written over."""
    (tmp_path / "thesis.pdf").write_text("years")
    with pytest.raises(ValueError, match="`out` must"):
        pictures.check_png(tmp_path / name, "out")
    pictures.check_png(tmp_path / "A.PNG", "out")
