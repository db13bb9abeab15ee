"""Numbers as sentences have them."""

import pytest

from results.verdicts import words


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100 %"), (0.025, "2.5 %"), (1 / 3, "33.3 %")]
)
def test_percent(share, text):
    """Three digits, none that says nothing."""
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2.44, "2.4"), (-0.04, "0.0"), (-0.0, "0.0"), (-1.06, "-1.1")]
)
def test_tenths(value, text):
    """One digit, and no sign before a zero."""
    assert words.tenths(value) == text
    assert words.mm(value) == f"{text} mm"


def test_a_number_of_things():
    """One has no plural."""
    assert [words.counted(n, "seed") for n in (1, 2)] == ["1 seed", "2 seeds"]


def test_a_capital():
    """Names of trials stay as they are."""
    assert words.capital("the start wins") == "The start wins"
    assert words.capital("t-00001 wins") == "t-00001 wins"
