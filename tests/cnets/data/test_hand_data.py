"""Tests of `cnets.data.hand_data`."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as held

from cnets import config, field_types
from cnets.config import TrainConfig
from cnets.data import hand_data, splits


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

    def test_hidden_labels_are_for_the_gan_alone(self, hands):
        """Frames of the test split whose labels are hidden, and crops of elsewhere."""
        split, joints = hands.split.copy(), hands.joints_mm.copy()
        split[80:85], joints[80:85] = splits.UNLABELLED, np.nan
        found = dataclasses.replace(
            hands,
            split=split,
            joints_mm=joints,
            unlabelled=hands.crops[:3],
            unlabelled_empty=(1,),
        )
        wanted = [*range(60), *range(80, 85), 90, 92]
        assert found.depth_rows().tolist() == wanted
        assert len(found.labelled(1.0, 0)) == 60
        assert found.rows("test").tolist() == [*range(75, 80), *range(85, 90)]

    def test_coverage_looks_at_no_label(self, gappy):
        """Other joints, persons, validation and test frames leave the choice as it is."""
        rows = gappy.labelled(0.25, 3, "coverage")
        assert len(rows) == 10
        other = dataclasses.replace(
            gappy,
            joints_mm=gappy.joints_mm
            + np.random.default_rng(2).normal(size=(90, 5, 3)),
            person=np.arange(90),
            crops=np.concatenate([gappy.crops[:60], -gappy.crops[60:]]),
        )
        assert other.labelled(0.25, 3, "coverage").tolist() == rows.tolist()
        assert rows.tolist() != gappy.labelled(0.25, 3).tolist()

    def test_coverage_is_nested(self, hands):
        """The rows at a ratio lie among those at a larger one; all at 1."""
        ratios = (0.05, 0.1, 0.5, 0.9, 1.0)
        subsets = [set(hands.labelled(r, 4, "coverage")) for r in ratios]
        assert [len(found) for found in subsets] == [3, 6, 30, 54, 60]
        assert all(a <= b for a, b in itertools.pairwise(subsets))
        assert hands.labelled(1.0, 4, "coverage").tolist() == list(range(60))

    def test_coverage_sees_crops_that_no_label_has_centred(self, hands):
        """Where labels have centred the crops others are looked at."""
        by_label = hands.crops[::-1].copy()
        other = dataclasses.replace(
            hands, crops=by_label, label_free_crops=lambda: hands.crops
        )
        wanted = hands.labelled(0.2, 0, "coverage").tolist()
        assert other.labelled(0.2, 0, "coverage").tolist() == wanted
        plain = dataclasses.replace(hands, crops=by_label)
        assert plain.labelled(0.2, 0, "coverage").tolist() != wanted

    def test_coverage_covers(self, hands):
        """The farthest frame is nearer to a chosen one than by chance."""
        train = hands.rows("train")
        flat = hands.crops[train].astype(float).reshape(60, -1)

        def radius(rows):
            places = np.searchsorted(train, rows)
            return np.linalg.norm(flat[:, None] - flat[places], axis=2).min(1).max()

        chosen = radius(hands.labelled(0.2, 0, "coverage"))
        assert all(chosen < radius(hands.labelled(0.2, s)) for s in range(10))

    def test_the_choices_are_those_of_a_run(self):
        """What can be asked for is what can be set."""
        kind = config.fields(TrainConfig)["labels.choice"]
        assert field_types.choices(kind) == hand_data.CHOICES

    def test_unknown_choice(self, hands):
        """Another choice is refused, with those that there are."""
        with pytest.raises(ValueError, match="`choice` must be one of random, cov"):
            hands.labelled(0.5, 0, "entropy")

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
