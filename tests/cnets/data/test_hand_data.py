"""Tests of `cnets.data.hand_data`."""

import numpy as np
import pytest


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
