"""A trial as it is proposed, decided about and remembered."""

import math

import pytest

from harness.definition.trial import Decision, TrialRecord, name_of


def record(number, x, state="completed", *values, ratio=1.0):
    """A trial at `x` that reported `values` at steps 1, 2, ..."""
    return TrialRecord(
        trial=name_of(number),
        number=number,
        ratio=ratio,
        values={"x": x},
        state=state,
        curve=tuple(enumerate(values, start=1)),
    )


class TestTrialRecord:
    def test_last(self):
        """The last finite point counts, by step, not by order."""
        curve = ((2, 5.0), (1, 3.0), (3, math.nan))
        made = TrialRecord(
            trial="t-00001",
            number=1,
            ratio=1.0,
            values={},
            state="stopped",
            curve=curve,
        )
        assert made.last() == (2, 5.0)
        assert record(1, 0.1, "running").last() is None

    def test_refuses(self):
        """An unknown state, and a completed trial without a value."""
        with pytest.raises(ValueError, match="`state` must be one of pending, run"):
            record(1, 0.1, "done")
        with pytest.raises(ValueError, match="`curve` must have a finite value where"):
            record(1, 0.1, "completed", math.nan)


def test_decision_is_plain():
    """A decision of another part (a collapse) needs no rung."""
    decision = Decision(action="stop", state="collapsed", reason="The loss is 0.")
    assert decision.rung is decision.rank is decision.cutoff is None
