"""Tests of `cnets.data.splits`: who is seen where, counted by hand and by force."""

import itertools

import numpy as np
import pytest

from cnets.data import splits
from cnets.data.splits import (
    GAP_FRAMES,
    TEST,
    TRAIN,
    UNLABELLED,
    UNUSED,
    VALIDATION,
)


RATIOS = (0.0001, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
NYU = np.repeat([0, 1], [2440, 5812])
"""Persons of the real test set."""


def nearest_of_other_split(split: np.ndarray, person: np.ndarray) -> int:
    """Least distance in time between two frames of a person in different splits."""
    least = len(split)
    for one in np.unique(person):
        own = split[person == one]
        kinds = (TRAIN, VALIDATION, TEST, UNLABELLED)
        places = [np.flatnonzero(own == kind) for kind in kinds]
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


class TestHidden:
    @pytest.mark.parametrize("share", [0.02, 0.1, 0.25, 0.5, 0.75, 0.9])
    def test_of_the_new_person(self, share):
        """Test frames lose about the share; what is lost between both is gaps."""
        split = splits.last_person(NYU)
        found = splits.hidden(split, NYU, share)
        assert nearest_of_other_split(found[2440:], NYU[2440:]) == GAP_FRAMES + 1
        assert (found[:2440] == split[:2440]).all()
        counts = [(found[2440:] == k).sum() for k in (UNLABELLED, TEST, UNUSED)]
        changes = (np.diff(found[2440:][found[2440:] != UNUSED]) != 0).sum()
        assert sum(counts) == 5812
        assert counts[2] == GAP_FRAMES * changes
        assert abs(counts[0] - share * 5812) <= GAP_FRAMES * changes / 2 + 1

    def test_by_hand(self):
        """Half of 1,600 frames: two rounds, each 400 and 400 less a gap at its start."""
        test = np.full(1600, TEST, np.int8)
        found = splits.hidden(test, np.zeros(1600), 0.5)
        gap = [UNUSED] * 50
        first = [UNLABELLED] * 400 + gap + [TEST] * 350
        second = gap + [UNLABELLED] * 350 + gap + [TEST] * 350
        assert found.tolist() == first + second
        assert (test == TEST).all()

    def test_every_person(self):
        """Each person of the test split has frames in both parts, nobody else any."""
        split = splits.blocks(NYU)
        found = splits.hidden(split, NYU, 0.5)
        for one in (0, 1):
            own = found[one == NYU]
            assert (own == UNLABELLED).sum() > 80
            assert (own == TEST).sum() > 50
        others = split != TEST
        assert (found[others] == split[others]).all()
        assert nearest_of_other_split(found, NYU) > GAP_FRAMES

    def test_no_test_frames(self):
        """Without them there is nothing to share."""
        with pytest.raises(ValueError, match="needs test frames, and the split has"):
            splits.hidden(np.zeros(60, np.int8), np.zeros(60), 0.5)

    @pytest.mark.parametrize(
        ("frames", "share", "parts"),
        [(100, 0.5, "50 and 0"), (52, 0.5, "26 and 0"), (1, 0.5, "1 and 0")],
    )
    def test_too_few(self, frames, share, parts):
        """Somebody with nothing left for one of the parts is named."""
        person = np.repeat([3, 7], [400, frames])
        complaint = (
            f"share of {share} makes {parts} of the {frames} test frames of person 7"
        )
        with pytest.raises(ValueError, match=complaint):
            splits.hidden(np.full(len(person), TEST, np.int8), person, share)
        enough = splits.hidden(np.full(102, TEST, np.int8), np.zeros(102), 0.5)
        assert [(enough == kind).sum() for kind in (UNLABELLED, TEST)] == [51, 1]
