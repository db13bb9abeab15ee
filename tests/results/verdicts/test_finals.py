"""What finals say in words: every sentence from rows that a person can work out."""

import re

import pytest

from results.finals import runs
from results.verdicts import finals


START = (30.0, 31.0, 32.0, 33.0, 34.0)

PLACE = "At 100 % of the labels (1000 frames)"


def less(*differences):
    """Errors of an entrant from what it gains on the start with each seed."""
    return [error - gain for error, gain in zip(START, differences, strict=True)]


@pytest.fixture
def said(make):
    """Sentences about entrants: their errors, or errors and other facts."""

    def say(**entrants):
        rows = []
        for name, errors in entrants.items():
            errors, given = errors if isinstance(errors, tuple) else (errors, {})
            rows += make.runs(name.replace("_", "-"), errors, **given)
        return finals.sentences(runs.of(rows), start="the paper's setting")

    return say


class TestTwoEntrants:
    def test_a_clear_win(self, said):
        """2 mm, and t(4) = 2.776 times sqrt(1/2 / 5) to either side."""
        assert said(start=[*START], t_1=less(1, 2, 3, 2, 2)) == [
            f"{PLACE} t-1 beats the paper's setting by 2.0 mm (1.1 to 2.9, 5 seeds)."
        ]

    def test_a_clear_loss(self, said):
        """Chosen by validation, it loses on the test split: the winner comes first."""
        leads = less(-1, -2, -3, -2, -2), {"validation": [20.0] * 5}
        assert said(start=[*START], t_1=leads) == [
            f"{PLACE} the paper's setting beats t-1 by 2.0 mm (1.1 to 2.9, 5 seeds)."
        ]

    def test_not_told_apart(self, said):
        """A gain of 0.4 mm within its spread of 1.14 mm; whose it is, is said."""
        gains = (1, -1, 2, 0, 0)
        expected = (
            f"{PLACE} t-1 and the paper's setting cannot be told apart (the first is "
            "0.4 mm better, -1.0 to 1.8, 5 seeds)."
        )
        assert said(start=[*START], t_1=less(*gains)) == [expected]
        worse = less(*(-gain for gain in gains)), {"validation": [20.0] * 5}
        assert said(start=[*START], t_1=worse) == [
            expected.replace("t-1 and the paper's", "the paper's").replace(
                "setting cannot", "setting and t-1 cannot"
            )
        ]

    def test_an_interval_without_0_that_the_correction_does_not_bear_out(self, said):
        """P = 0.0217 of the better of three comparisons is taken three times."""
        lines = said(start=[*START], t_1=less(1, 1, 4, 2, 2), t_2=less(-1, 1, 0, 0, 0))
        assert lines[0] == (
            f"{PLACE} t-1 and the paper's setting cannot be told apart (the first is "
            "2.0 mm better, 0.5 to 3.5, 5 seeds; p = 0.0652 after correction for 3 "
            "comparisons)."
        )

    def test_the_same_errors_with_every_seed(self, said):
        """No number is needed, and none has a sign before its zero."""
        lines = said(start=[*START], t_1=([*START], {"validation": [20.0] * 5}))
        assert lines == [
            f"{PLACE} t-1 and the paper's setting have the same error with each of "
            "5 seeds."
        ]

    def test_one_seed(self, said):
        """A difference without a claim, and what would give one."""
        assert said(start=[30.0], t_1=[28.0]) == [
            f"{PLACE} t-1 is 2.0 mm better than the paper's setting with one seed, "
            "which tells nothing.",
            "One seed tells nothing of the spread: --seeds 5 gives intervals.",
        ]
        same = [30.0], {"validation": [20.0]}
        assert said(start=[30.0], t_1=same)[0].endswith(
            "have the same error with one seed."
        )


class TestAField:
    def test_the_start_leads(self, said):
        """It has the least validation error; the baseline has its name."""
        assert said(start=[*START], supervised=less(-20, -21, -22, -21, -21)) == [
            f"{PLACE} no trial of the search has a smaller validation error than the "
            "paper's setting.",
            "The paper's setting beats the supervised baseline by 21.0 mm (20.1 to "
            "21.9, 5 seeds).",
            "The supervised baseline is no better than the mean pose (53.0 mm against "
            "50.0 mm).",
        ]

    def test_what_must_be_beaten_comes_first(self, said):
        """Then the other trials; who is called what is the caller's to say."""
        lines = said(
            t_2=less(1, 2, 1, 2, 1),
            t_1=less(9, 9, 9, 9, 8),
            supervised=less(-1, -2, -3, -2, -2),
            start=[*START],
        )
        others = [re.search(r"beats (.*) by", line).group(1) for line in lines]
        assert others == ["the paper's setting", "the supervised baseline", "t-2"]
        assert all("t-1 beats" in line for line in lines)

    def test_one_that_is_alone(self, said):
        """Finals of an older version had nothing to compare with."""
        assert said(t_1=[12.0, 14.0]) == [
            f"{PLACE} t-1 errs by 13.0 mm, with nothing to compare it with."
        ]

    def test_ratios_in_order(self, make):
        """Each begins with its share and its frames."""
        rows = []
        for ratio, labels in ((1.0, 40), (0.025, 1)):
            about = {"labelled_ratio": ratio, "labelled_frames": labels}
            rows += make.runs("start", [30.0, 31.0], **about)
            rows += make.runs("t-1", [29.0, 28.0], **about)
        lines = finals.sentences(runs.of(rows))
        assert lines[0].startswith("At 2.5 % of the labels (1 frame) t-1 and the start")
        assert lines[1].startswith("At 100 % of the labels (40 frames) t-1 and")


class TestRunsThatFailed:
    def test_diverged_with_two_of_five_seeds(self, said):
        """The others are compared, and it is said that they are."""
        errors = ["diverged", 29.0, "diverged", 30.0, 31.0]
        assert said(start=[*START], t_1=errors) == [
            f"{PLACE} t-1 beats the paper's setting by 2.7 mm (1.2 to 4.1, 3 seeds).",
            "t-1 diverged with 2 of 5 seeds; its figures are of the other 3.",
        ]

    def test_all_diverged(self, said):
        """Nothing was tested, and nothing will be."""
        gone = ["diverged"] * 5
        assert said(start=gone, t_1=gone) == [
            f"{PLACE} the paper's setting diverged with 5 of 5 seeds.",
            "t-1 diverged with 5 of 5 seeds.",
        ]

    def test_all_diverged_at_one_ratio(self, make):
        """What was tested at the other is told."""
        rows = make.runs("start", ["diverged"] * 2, labelled_ratio=0.1)
        rows += make.runs("start", [30.0, 31.0]) + make.runs("t-1", [20.0, 25.0])
        lines = finals.sentences(runs.of(rows))
        assert lines[0] == (
            "At 10 % of the labels (1000 frames) the start diverged with 2 of 2 seeds."
        )
        assert lines[1].startswith(f"{PLACE} t-1 and the start cannot be told apart")

    def test_collapsed(self, said):
        """Networks that have collapsed are tested all the same."""
        lines = said(start=[*START], t_1=(less(1, 2, 3, 2, 2), {"collapsed": [1]}))
        assert lines[1:] == ["t-1 collapsed with 1 of 5 seeds; their figures count."]

    def test_dropped(self, said):
        """The figures of its three seeds, and who was better."""
        errors = [30.0, 51.0, 62.0, "dropped", "dropped"]
        why = "Clearly worse than start after 3 seeds."
        assert said(start=[*START], t_1=(errors, {"reason": why}))[-1] == (
            "t-1 was dropped: clearly worse than the paper's setting after 3 seeds, by "
            "validation."
        )


class TestCautions:
    def test_before_the_test(self, said, make):
        """Nothing is told of validation errors; at one ratio of two, that it is so."""
        waiting = "The test split has not been read yet: the finals have not ended."
        assert said(start=([*START], {"look": 0})) == [waiting]
        assert said() == [waiting]
        rows = make.runs("start", [30.0], look=0, labelled_ratio=0.1)
        lines = finals.sentences(runs.of(rows + make.runs("start", [30.0])))
        assert lines[0] == (
            "At 10 % of the labels (1000 frames) the test split has not been read yet."
        )

    def test_one_test_frame(self, said):
        """The interval is over seeds alone."""
        one = {"frames": 1}
        lines = said(start=([*START], one), t_1=(less(1, 2, 3, 2, 2), one))
        assert lines[1:] == [
            "The test split has 1 frame: the intervals are over seeds and say nothing "
            "of other frames."
        ]

    def test_another_look(self, said):
        """How many there were."""
        again = {"look": 2}
        lines = said(start=([*START], again), t_1=(less(1, 2, 3, 2, 2), again))
        assert lines[1:] == [
            "The test split was read 2 times; a first look is worth most."
        ]

    def test_the_search_was_too_good(self, said):
        """Validation errors of 29, a score of 27.5; where it was not, nothing."""
        told = (less(1, 2, 3, 2, 2), {"search_mm": 27.5})
        assert said(start=[*START], t_1=told)[1:] == [
            "The search's own scores of the finalists were 1.5 mm too good."
        ]
        told = (less(1, 2, 3, 2, 2), {"search_mm": 30.0})
        assert said(start=[*START], t_1=told)[1:] == []


class TestSavings:
    @pytest.fixture
    def saved(self, make):
        """The sentence from what the best lacks with 100 and gains with 1000 labels."""

        def say(few, many):
            noise = (0.1, -0.1, 0.0, 0.0, 0.0)
            some = {"labelled_ratio": 0.1, "labelled_frames": 100}
            rows = make.runs("start", START) + make.runs("start", [60.0] * 5, **some)
            gains = [many + part for part in noise], [few + part for part in noise]
            best = {"validation": [20.0] * 5}
            rows += make.runs("t-1", less(*gains[0]), **best)
            rows += make.runs("t-2", less(*gains[1]), **some, **best)
            lines = finals.sentences(runs.of(rows), start="the paper's setting")
            return lines[-1]

        return say

    def test_a_part_of_the_labels(self, saved):
        """Half-way over the logarithm; `test_comparisons` works out the interval."""
        found = re.fullmatch(
            r"With the best settings 316 labels \(31.6 %; (\d+) to (\d+), 5 seeds\) do "
            r"as well as 1000 with the paper's setting\.",
            saved(-1.0, 1.0),
        )
        assert [int(end) for end in found.groups()] == pytest.approx([286, 350], abs=3)

    def test_the_fewest_are_enough(self, saved):
        """How few would do was not tried."""
        assert saved(1.0, 2.0) == (
            "With the best settings 100 labels, the fewest that were tried, already do "
            "as well as 1000 with the paper's setting."
        )

    def test_all_are_not_enough(self, saved):
        """Where the two can be told apart, and where they cannot."""
        line = (
            "Even 1000 labels with the best settings do not do as well as 1000 with "
            "the paper's setting"
        )
        assert saved(-2.0, -1.0) == f"{line}."
        found = re.fullmatch(
            rf"{line}; from (\d+) on the two cannot be told apart\.",
            saved(-2.0, -0.05),
        )
        assert 900 < int(found.group(1)) < 1000

    def test_ends_beyond_what_was_tried(self, saved):
        """They are named by what was tried."""
        assert "; fewer than 100 to " in saved(-0.05, 1.0)
        assert " to more than 1000, 5 seeds)" in saved(-1.0, 0.05)
