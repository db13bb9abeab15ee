"""Tests of `cnets.data.counts`: every frame once, and what is lacking in one sentence."""

import dataclasses

import numpy as np
import pytest

from cnets.data import counts
from cnets.data.splits import TEST, TRAIN, UNUSED, VALIDATION


@pytest.fixture
def mixed(hands):
    """Ninety frames: five without a label in train, ten in no split, four extra ones."""
    joints_mm, split = hands.joints_mm.copy(), hands.split.copy()
    joints_mm[:5] = np.nan
    split[10:18] = UNUSED
    return dataclasses.replace(
        hands,
        joints_mm=joints_mm,
        split=split,
        unlabelled=hands.crops[:4],
        unlabelled_empty=(2,),
        dropped={"between splits": 8, "no hand seen": 1, "file missing": 3, "none": 0},
    )


def only(hands, *purposes):
    """The same set with all frames of other purposes in no split."""
    split = np.where(np.isin(hands.split, purposes), hands.split, np.int8(UNUSED))
    gone = {"between splits": int((split == UNUSED).sum())}
    return dataclasses.replace(hands, split=split, dropped=gone)


class TestOf:
    def test_every_frame_once(self, mixed):
        """Rows, extra frames and those left out are the sum of all parts."""
        found = counts.of(mixed)
        assert found.frames == 90 + 4 + 3
        assert (found.labels, found.train) == (85, 47)
        assert (found.validation, found.test, found.unlabelled) == (15, 15, 5 + 3)
        assert found.dropped == {
            "between splits": 8,
            "no hand seen": 1,
            "file missing": 3,
        }

    def test_sentence(self, mixed, hands):
        """Reasons are told where there are any."""
        assert counts.of(mixed).sentence() == (
            "97 frames, 85 labels; train 47, validation 15, test 15, unlabelled 8, "
            "dropped 12 (8 between splits, 1 no hand seen, 3 file missing); crop centres "
            "found in the frames"
        )
        for source, words in (
            ("labels", "from the labels"),
            ("file", "from a file"),
            ("file and labels", "from a file and from the labels"),
        ):
            said = counts.of(dataclasses.replace(hands, centres=source)).sentence()
            assert said.endswith(f"unlabelled 0, dropped 0; crop centres {words}")


class TestCheck:
    def test_lines(self, hands):
        """Counts and labels a ratio, then what was taken for granted."""
        hands = dataclasses.replace(hands, notes=("a guess",))
        line, note = counts.check(hands, ratios=[0.1, 1.0], test=True)
        assert line == (
            "data: 90 frames, 90 labels; train 60, validation 15, test 15, unlabelled "
            "0, dropped 0; crop centres found in the frames; labels used: 6 at 0.1, 60 at 1"
        )
        assert note == "a guess"
        assert counts.check(hands)[0].endswith("found in the frames")

    def test_no_frame_to_train_on(self, hands):
        """A set for test alone."""
        with pytest.raises(
            ValueError, match="have a frame to train on, and test has no"
        ):
            counts.check(only(hands, TEST))

    def test_no_label(self, hands):
        """Frames without any label can be trained on by no pose."""
        hands = dataclasses.replace(hands, joints_mm=hands.joints_mm * np.nan)
        with pytest.raises(ValueError, match=r"a label to train on, .* unlabelled 60"):
            counts.check(hands)

    def test_no_validation_frame(self, hands):
        """It is needed whatever else there is."""
        with pytest.raises(ValueError, match="must have a validation frame"):
            counts.check(only(hands, TRAIN, TEST))

    def test_no_test_frame(self, hands):
        """It is needed where the end is judged on the test split only."""
        counts.check(only(hands, TRAIN, VALIDATION))
        with pytest.raises(ValueError, match="must have a test frame"):
            counts.check(only(hands, TRAIN, VALIDATION), test=True)

    def test_a_ratio_without_a_label(self, hands):
        """0.001 of 60 labels is none; two are enough."""
        with pytest.raises(ValueError, match=r"`labelled_ratio` .* 0\.001 of the 60"):
            counts.check(hands, ratios=[1.0, 0.001])
        assert "2 at 0.03" in counts.check(hands, ratios=[0.03])[0]

    def test_frames_that_are_not_scored_are_said(self, hands):
        """Where the end is judged on the test split, and only there."""
        hands = dataclasses.replace(hands, lost={"test": 5, "train": 2})
        said = counts.check(hands, test=True)[-1]
        assert said.startswith(
            f"5 of {5 + len(hands.rows('test'))} test frames are not"
        )
        assert not any("not scored" in line for line in counts.check(hands))

    def test_one_frame_of_each_is_enough(self, hands):
        """One label, one validation frame and one test frame."""
        split = np.full(90, UNUSED, np.int8)
        split[[0, 60, 75]] = TRAIN, VALIDATION, TEST
        one = dataclasses.replace(hands, split=split, dropped={"between splits": 87})
        line, *_ = counts.check(one, test=True)
        assert "train 1, validation 1, test 1" in line
