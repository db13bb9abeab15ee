"""Tests of `cnets.data.readers.centres`: files of centres in all their forms."""

import dataclasses

import numpy as np
import pytest
from scipy.io import savemat

from cnets.cameras import CAMERAS
from cnets.data.readers import centres


CAMERA = CAMERAS["msra"]


@pytest.fixture
def hands():
    """Five frames of four joints about known middles, above the middle of the image."""
    middles = np.array([[10.0 * n, 40.0 + n, 350.0 + 5 * n] for n in range(5)])
    around = np.array([[30, 0, 0], [-30, 0, 0], [0, 30, 10], [0, -30, -10]])
    return middles, middles[:, None] + around


def text(path, rows):
    """One row a line."""
    path.write_text("\n".join(" ".join(f"{n:.5f}" for n in row) for row in rows))
    return path


def pixels(points):
    """u, v and depth of points, worked out without the package."""
    x, y, z = points.T
    return np.stack([160 + x * 241.42 / z, 120 - y * 241.42 / z, z], -1)


class TestFind:
    def test_centres_are_those_of_the_part(self, tmp_path):
        """The name says train or test; two of one part are refused; hidden is nothing."""
        for name in ("center_train.txt", "center_test.txt", "labels_test.txt"):
            (tmp_path / name).touch()
        (tmp_path / "._center_test.txt").touch()
        folders = [tmp_path / "none", tmp_path]
        found = centres.find(folders, "test", alone=False)
        assert found == tmp_path / "center_test.txt"
        (tmp_path / "center_test.mat").touch()
        with pytest.raises(ValueError, match="must hold one file of centres"):
            centres.find(folders, "test", alone=False)

    def test_a_part_alone_need_not_be_named(self, tmp_path):
        """Without another part any file of centres will do."""
        (tmp_path / "center.txt").touch()
        assert centres.find([tmp_path], "test", alone=True).name == "center.txt"
        with pytest.raises(ValueError, match="must hold centres"):
            centres.find([tmp_path], "test", alone=False)


class TestForms:
    def test_pixels(self, tmp_path, hands):
        """Read as they stand, text or MATLAB, with nothing to say."""
        middles, joints = hands
        rows = pixels(middles)
        savemat(tmp_path / "c.mat", {"center_uvd": rows})
        for path in (text(tmp_path / "c.txt", rows), tmp_path / "c.mat"):
            found = centres.read(path, joints, CAMERA)
            np.testing.assert_allclose(found.uvd, rows, rtol=1e-6)
            assert found.uvd.dtype == np.float32
            assert (found.notes, found.lacking.any()) == ((), False)

    @pytest.mark.parametrize(("sign", "words"), [(1, "y up"), (-1, "y down")])
    def test_millimetres(self, tmp_path, hands, sign, words):
        """Points of the camera frame give the same pixels, and a note says so."""
        middles, joints = hands
        path = text(tmp_path / "c.txt", middles * [1, sign, 1])
        found = centres.read(path, joints, CAMERA)
        np.testing.assert_allclose(found.uvd, pixels(middles), rtol=1e-5)
        assert len(found.notes) == 1
        assert words in found.notes[0]

    def test_rows_without_a_centre(self, tmp_path, hands):
        """`invalid`, NaN and marks; the other rows stay where they are."""
        middles, joints = hands
        path = text(tmp_path / "c.txt", pixels(middles))
        lines = path.read_text().split("\n")
        lines[0], lines[2], lines[4] = "invalid 1 2", "nan nan nan", "0 0 0"
        path.write_text("\n".join(lines))
        found = centres.read(path, joints, CAMERA)
        assert found.lacking.tolist() == [True, False, True, False, True]
        assert np.isnan(found.uvd[found.lacking]).all()
        np.testing.assert_allclose(found.uvd[3], pixels(middles)[3], rtol=1e-6)

    def test_without_labels_pixels_are_taken(self, tmp_path, hands):
        """Nothing says that they are anything else; the image still does."""
        middles, joints = hands
        path = text(tmp_path / "c.txt", pixels(middles))
        found = centres.read(path, joints * np.nan, CAMERA)
        np.testing.assert_allclose(found.uvd, pixels(middles), rtol=1e-6)
        text(path, middles * [-1, 1, 1])
        with pytest.raises(
            ValueError, match=r"inside its images of 320 x 240 .* row 2"
        ):
            centres.read(path, joints * np.nan, CAMERA)


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda mm: mm / 1000, "in row 1, .* likely they are in metres"),
            (lambda mm: pixels(mm) * [1, 1, 10], "another unit than mm"),
            (lambda mm: pixels(mm + np.array([100, 80, 100])), "another set's"),
        ],
    )
    def test_centres_that_lie_on_no_hand(self, tmp_path, hands, change, words):
        """Metres, tenths of a millimetre, and centres of other frames."""
        middles, joints = hands
        path = text(tmp_path / "c.txt", change(middles))
        with pytest.raises(ValueError, match=rf"c\.txt must hold .*{words}"):
            centres.read(path, joints, CAMERA)

    def test_u_and_v_exchanged(self, tmp_path, hands):
        """Near the middle of the image they stay within reach, and are told even so."""
        middles, joints = (each - np.array([10, 60, 0]) for each in hands)
        rows = pixels(middles)[:, [1, 0, 2]]
        off = np.linalg.norm(rows[:, :2] - pixels(middles)[:, :2], axis=1)
        assert off.max() * 370 / 241.42 < centres.NEAR_MM
        with pytest.raises(
            ValueError, match=r"and its centres are .* u and v exchanged"
        ):
            centres.read(text(tmp_path / "c.txt", rows), joints, CAMERA)

    def test_half_of_the_centres_will_do(self, tmp_path, hands):
        """A centre on no hand is that frame's trouble, not the set's."""
        middles, joints = (each[:2] for each in hands)
        rows = pixels(middles)
        rows[1, 2] += 700
        found = centres.read(text(tmp_path / "c.txt", rows), joints, CAMERA)
        np.testing.assert_allclose(found.uvd, rows, atol=1e-3)

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ([-3, 100, 350], "centres inside its images of 320 x 240 pixels"),
            ([100, 240, 350], "centres inside its images of 320 x 240 pixels"),
            ([100, 100, 0.35], "depths of 10 to 1500 mm"),
            ([100, 100, 3500], "depths of 10 to 1500 mm"),
            ([100, 100, -350], "depths of 10 to 1500 mm"),
        ],
    )
    def test_one_row_out_of_reach(self, tmp_path, hands, row, words):
        """The row is named with its numbers."""
        middles, joints = hands
        rows = pixels(middles)
        rows[3] = row
        path = text(tmp_path / "c.txt", rows)
        with pytest.raises(ValueError, match=rf"must hold {words}, got .* in row 4: "):
            centres.read(path, joints, CAMERA)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("1 2 3\n", r"must hold 5 rows of 3 numbers, got \[1, 3\]"),
            ("1 2\n" * 5, "must have 3 numbers in every row, got 2 in row 1"),
            ("1 2 far\n" * 5, "must hold finite numbers"),
            ("", "must hold one row or more"),
        ],
    )
    def test_no_file_of_centres(self, tmp_path, hands, content, words):
        """Another count, another width, words, nothing."""
        path = tmp_path / "c.txt"
        path.write_text(content)
        with pytest.raises(ValueError, match=words):
            centres.read(path, hands[1], CAMERA)


class TestMiddles:
    def test_of_the_joints_that_are_known(self):
        """A missing joint is left out of the mean; none gives NaN."""
        joints = np.arange(18.0).reshape(2, 3, 3)
        joints[0, 1] = np.nan
        joints[1] = np.nan
        found = centres.middles_mm(joints)
        assert found[0].tolist() == [3, 4, 5]
        assert np.isnan(found[1]).all()


def test_parts_are_joined(hands):
    """In their order; without any there are none."""
    one = centres.of_labels(pixels(hands[0]))
    both = centres.joined([one, None, one.of_rows(np.array([4, 0]))])
    assert both is not None
    assert both.uvd[:, 0].tolist() == [*one.uvd[:, 0], one.uvd[4, 0], one.uvd[0, 0]]
    assert not both.lacking.any()
    assert both.source == "labels"
    assert centres.joined([None]) is None
    filed = dataclasses.replace(one, source="file")
    mixed = centres.joined([one, filed])
    assert mixed is not None
    assert mixed.source == "file and labels"
