"""Budgets as they are typed."""

import pytest

from harness.definition import budget
from harness.definition.budget import Budget


@pytest.mark.parametrize(
    ("text", "amount", "unit", "limit_s"),
    [
        ("20", 20.0, "trainings", None),
        (" 2.5 ", 2.5, "trainings", None),
        ("30gpuh", 30.0, "gpuh", 108_000.0),
        ("0.5h", 0.5, "h", 1800.0),
    ],
)
def test_by_hand(text, amount, unit, limit_s):
    """A number, with what it counts; written again it reads the same."""
    found = budget.parse(text)
    assert found == Budget(amount=amount, unit=unit)
    assert found.limit_s == limit_s
    assert budget.parse(str(found)) == found


@pytest.mark.parametrize("text", ["", "h", "-3", "0", "0h", "3 h", "3m", "1e5", "nan"])
def test_refuses(text):
    """One sentence, with what was typed."""
    with pytest.raises(ValueError, match="`budget` must be full trainings such as 20"):
        budget.parse(text)
