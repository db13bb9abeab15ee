"""Tests of `cnets.data.splits`: who is seen where, counted by hand and by force."""

import itertools

import numpy as np
import pytest

from cnets.data import splits
from cnets.data.splits import GAP_FRAMES, TEST, TRAIN, UNUSED, VALIDATION


RATIOS = (0.0001, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
NYU = np.repeat([0, 1], [2440, 5812])
"""Persons of the real test set."""


def nearest_of_other_split(split: np.ndarray, person: np.ndarray) -> int:
    """Least distance in time between two frames of a person in different splits."""
    least = len(split)
    for one in np.unique(person):
        own = split[person == one]
        places = [np.flatnonzero(own == kind) for kind in (TRAIN, VALIDATION, TEST)]
        for first, second in itertools.combinations(places, 2):
            if len(first) and len(second):
                least = min(least, np.abs(first[:, None] - second).min())
    return least


class TestLabelSubset:
    @pytest.mark.parametrize(
        "sizes",
        [[200] * 14, [1742, 4139], [1] * 20 + [1000], [10] * 5 + [700], [50]],
    )
    @pytest.mark.parametrize("ratio", RATIOS)
    def test_stratified(self, sizes, ratio):
        """The count is exact, and every stratum has its share of it to within a frame."""
        strata = np.random.default_rng(0).permutation(
            np.repeat(np.arange(len(sizes)), sizes)
        )
        rows = splits.label_subset(strata, ratio, 5)
        assert len(rows) == max(1, round(ratio * len(strata)))
        assert (np.diff(rows) > 0).all()
        counts = np.bincount(strata[rows], minlength=len(sizes))
        share = len(rows) * np.array(sizes) / len(strata)
        assert np.abs(counts - share).max() < 1

    def test_nested(self):
        """The rows at a ratio lie among the rows at every larger one."""
        strata = np.repeat([0, 1, 2], [50, 70, 200])
        subsets = [set(splits.label_subset(strata, ratio, 3)) for ratio in RATIOS]
        for smaller, larger in itertools.pairwise(subsets):
            assert smaller <= larger
        assert subsets[-1] == set(range(320))

    def test_at_least_one(self):
        """The smallest ratio still gives one frame."""
        assert len(splits.label_subset(np.zeros(100), 1e-9, 0)) == 1

    def test_seed(self):
        """A seed gives the same rows again, another seed others."""
        strata = np.zeros(500)
        first, again, other = (splits.label_subset(strata, 0.1, s) for s in (3, 3, 4))
        assert first.tolist() == again.tolist()
        assert first.tolist() != other.tolist()

    def test_spread(self):
        """Over many seeds every frame is chosen equally often."""
        strata = np.repeat([0, 1], [20, 60])
        chosen = [splits.label_subset(strata, 0.25, seed) for seed in range(400)]
        counts = np.bincount(np.concatenate(chosen), minlength=80)
        assert counts.min() > 60
        assert counts.max() < 140

    @pytest.mark.parametrize("ratio", [0.0, -0.1, 1.1, float("nan"), float("inf")])
    def test_bad_ratio(self, ratio):
        """A ratio outside (0, 1] is refused."""
        with pytest.raises(ValueError, match=r"`ratio` must be in \(0, 1\], got"):
            splits.label_subset(np.zeros(5), ratio, 0)


class TestByPerson:
    def test_nobody_twice(self):
        """Of 20 persons 14, 3 and 3 are in the splits, each in one only."""
        person = np.random.default_rng(0).permutation(np.repeat(np.arange(20), 10))
        split = splits.by_person(person)
        groups = [set(person[split == kind]) for kind in (TRAIN, VALIDATION, TEST)]
        assert [len(group) for group in groups] == [14, 3, 3]
        assert len(set.union(*groups)) == 20

    def test_three_persons(self):
        """Three persons are one each."""
        assert splits.by_person(np.array([5, 7, 9])).tolist() == [
            TRAIN,
            VALIDATION,
            TEST,
        ]

    def test_too_few(self):
        """Two persons cannot be split so."""
        with pytest.raises(ValueError, match="needs three persons, got 2"):
            splits.by_person(np.array([0, 1, 1]))


class TestBlocks:
    def test_gaps(self):
        """Frames of a person in different splits are more than 50 frames apart."""
        assert nearest_of_other_split(splits.blocks(NYU), NYU) > GAP_FRAMES

    def test_nothing_more_is_lost(self):
        """The nearest frames of different splits are 51 apart, so gaps are gaps."""
        assert nearest_of_other_split(splits.blocks(NYU), NYU) == GAP_FRAMES + 1

    def test_shares(self):
        """Of the real set half or more is for training, a tenth each for the rest."""
        split = splits.blocks(NYU)
        shares = [(split == kind).mean() for kind in (TRAIN, VALIDATION, TEST, UNUSED)]
        assert 0.5 < shares[0] < 0.75
        assert 0.08 < shares[1] < 0.2
        assert 0.08 < shares[2] < 0.2
        assert shares[3] < 0.15

    def test_both_persons_everywhere(self):
        """Both persons are in all three splits."""
        split = splits.blocks(NYU)
        for kind in (TRAIN, VALIDATION, TEST):
            assert set(NYU[split == kind]) == {0, 1}

    def test_shortest(self):
        """The shortest set that is accepted has frames in every split."""
        assert set(splits.blocks(np.zeros(408))) == {TRAIN, VALIDATION, TEST, UNUSED}

    @pytest.mark.parametrize("sizes", [[407], [3000, 40]])
    def test_too_few(self, sizes):
        """Somebody with fewer frames than the gaps would eat is refused."""
        person = np.repeat(np.arange(len(sizes)), sizes)
        complaint = f"`split` block needs 408 frames of each person, got {sizes[-1]}"
        with pytest.raises(ValueError, match=complaint):
            splits.blocks(person)


class TestLastPerson:
    def test_real_persons(self):
        """The second person is for test; the end of the first one's time is held out."""
        split = splits.last_person(NYU)
        assert (split[2440:] == TEST).all()
        assert split[0] == TRAIN
        assert (split[:2440] == VALIDATION).sum() == round(0.15 * 2440)
        assert split[2439] == VALIDATION

    def test_gap(self):
        """Validation frames are more than 50 frames behind those for training."""
        assert nearest_of_other_split(splits.last_person(NYU), NYU) == GAP_FRAMES + 1

    def test_one_person(self):
        """One person cannot be split so."""
        with pytest.raises(ValueError, match="needs two persons, got 1"):
            splits.last_person(np.zeros(100))
