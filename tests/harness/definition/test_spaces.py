"""The space of a search against the fields of a run, and its labelled ratios."""

import re

import pytest

from harness.definition.spaces import ratios_of
from search_spaces import OneOf, Real, Space


RATIOS = (0.1, 0.5, 1.0)


LINE = Space(
    "line",
    {"x": Real(0.0, 1.0), "labelled_ratio": OneOf(RATIOS)},
    {"x": 0.25, "labelled_ratio": 1.0},
)


class TestRatiosOf:
    def test_by_hand(self):
        """All of the space's, some of them, sorted, each once."""
        assert ratios_of(LINE) == RATIOS
        assert ratios_of(LINE, [1.0, 0.1, 1.0]) == (0.1, 1.0)
        plain = Space("plain", {"x": Real(0.0, 1.0)}, {"x": 0.0})
        assert ratios_of(plain, [0.3]) == (0.3,)

    def test_refuses(self):
        """A ratio that is not the space's, none at all, and one that is no choice."""
        sentence = "`ratios` must be among 0.1, 0.5, 1.0, got 0.2."
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            ratios_of(LINE, [0.2])
        plain = Space("plain", {"x": Real(0.0, 1.0)}, {"x": 0.0})
        with pytest.raises(ValueError, match="`ratios` must be given where the space"):
            ratios_of(plain)
        kinds = {"labelled_ratio": Real(0.1, 1.0)}
        wide = Space("wide", kinds, {"labelled_ratio": 0.1})
        with pytest.raises(ValueError, match="`labelled_ratio` must be a choice"):
            ratios_of(wide)
