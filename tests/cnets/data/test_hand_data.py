"""Tests of `cnets.data.hand_data`."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as held

from cnets.data import hand_data


class TestHandData:
    def test_facts(self, hands):
        """Joints, side and root are those of the arrays and the skeleton."""
        assert (hands.joints, hands.side_px, hands.root) == (5, 32, 0)
        assert hands.evaluated == (0, 1, 2, 3, 4)

    def test_rows(self, hands):
        """The first 60 frames are for training, 15 each for the other two."""
        assert hands.rows("train").tolist() == list(range(60))
        assert hands.rows("validation").tolist() == list(range(60, 75))
        assert hands.rows("test").tolist() == list(range(75, 90))

    def test_labelled(self, hands):
        """Labelled frames are for training, ascending, and the same for a seed."""
        rows = hands.labelled(0.25, 3)
        assert len(rows) == 15
        assert (np.diff(rows) > 0).all()
        assert set(rows) <= set(hands.rows("train"))
        assert rows.tolist() == hands.labelled(0.25, 3).tolist()
        assert rows.tolist() != hands.labelled(0.25, 4).tolist()

    def test_labelled_of_every_person(self, hands):
        """Of two persons with 30 training frames each, a tenth are labelled."""
        for seed in range(10):
            rows = hands.labelled(0.1, seed)
            assert np.bincount(hands.person[rows]).tolist() == [3, 3]

    def test_all_labelled(self, hands):
        """At ratio 1 all training frames are labelled, and no other."""
        assert hands.labelled(1.0, 0).tolist() == hands.rows("train").tolist()

    def test_bad_ratio(self, hands):
        """A ratio of 0 is refused."""
        with pytest.raises(ValueError, match="`ratio` must be in"):
            hands.labelled(0.0, 0)

    @pytest.mark.parametrize("left", [0, 1])
    def test_too_few_labels(self, hands, left):
        """Fewer than two labels are refused, in one sentence with the counts."""
        joints = hands.joints_mm.copy()
        joints[left:60] = np.nan
        few = dataclasses.replace(hands, joints_mm=joints)
        said = f"must leave 2 labels or more, got {left}: 1.0 of the {left} training"
        with pytest.raises(ValueError, match=said):
            few.labelled(1.0, 0)
        with pytest.raises(ValueError, match=r"got 1: 0\.02 of the 60 training"):
            hands.labelled(0.02, 0)

    def test_a_ratio_is_a_share_of_the_labels(self, gappy):
        """Of 40 labels among 60 training frames a quarter is 10, all with a label."""
        known = [row for row in range(60) if row % 3]
        assert gappy.labelled(1.0, 0).tolist() == known
        some = gappy.labelled(0.25, 3)
        assert len(some) == 10
        assert set(some) <= set(known)
        assert gappy.depth_rows().tolist() == list(range(60))

    def test_without_a_label_is_in_train_only(self, hands):
        """In validation and test such a frame is no row, and no error is taken on it."""
        joints = hands.joints_mm.copy()
        joints[[3, 60, 89]] = np.nan
        joints[61, 0] = np.nan  # the root
        found = dataclasses.replace(hands, joints_mm=joints)
        assert found.rows("train").tolist() == list(range(60))
        assert found.rows("validation").tolist() == list(range(62, 75))
        assert found.rows("test").tolist() == list(range(75, 89))

    def test_scored_rows(self, gappy):
        """Rows of which an evaluated joint is known: here joint 2 alone is evaluated."""
        hand = dataclasses.replace(gappy.skeleton, evaluated=(2,))
        found = dataclasses.replace(gappy, skeleton=hand).scored_rows("validation")
        known = ~np.isnan(gappy.joints_mm[:, 2, 0])
        assert found.tolist() == [row for row in range(60, 75) if known[row]]
        assert 0 < len(found) < 15


@given(held.arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 5))), st.data())
def test_has_label(known, data):
    """Frame by frame: the root, and another joint where the hand has one."""
    root = data.draw(st.integers(0, known.shape[1] - 1))
    joints = np.where(known[..., None], 1.0, np.nan).repeat(3, axis=2)
    wanted = [
        bool(row[root]) and (len(row) == 1 or sum(row) > 1) for row in known.tolist()
    ]
    assert hand_data.has_label(joints, root).tolist() == wanted
