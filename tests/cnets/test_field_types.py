"""Tests of `cnets.field_types`: numbers, and choices among words."""

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from cnets import field_types
from cnets.config import TrainConfig, fields


Word = Literal["random", "coverage"]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A group with a choice."""

    choice: Word = "random"


@dataclass(frozen=True, kw_only=True)
class WithChoice(TrainConfig):
    """A run with a choice at the top and one in a group."""

    order: Word = "random"
    labels: Labels = field(default_factory=Labels)


class TestChoices:
    def test_are_the_words_of_the_field(self):
        """A number has none."""
        assert field_types.choices(Word) == ("random", "coverage")
        assert [field_types.choices(kind) for kind in (int, float, int | None)] == [
            ()
        ] * 3


class TestTyped:
    @pytest.mark.parametrize(
        ("value", "kind", "expected"),
        [
            (2.0, int, 2),
            (2, float, 2.0),
            (None, int | None, None),
            (3.0, int | None, 3),
            ("coverage", Word, "coverage"),
        ],
    )
    def test_by_hand(self, value, kind, expected):
        """The value comes back as the field's type."""
        found = field_types.typed("x", value, kind)
        assert (found, type(found)) == (expected, type(expected))

    @pytest.mark.parametrize(
        ("value", "kind", "rule"),
        [
            ("high", float, "a number"),
            (True, int, "a whole number"),
            (2.5, int, "a whole number"),
            (math.nan, int, "a whole number"),
            (None, float, "a number"),
            ("Random", Word, "one of random, coverage"),
            ("", Word, "one of random, coverage"),
            (0, Word, "one of random, coverage"),
            (None, Word, "one of random, coverage"),
            ([], Word, "one of random, coverage"),
        ],
    )
    def test_refuses(self, value, kind, rule):
        """The sentence has name, rule and value."""
        said = re.escape(f"`x` must be {rule}, got {value!r}.")
        with pytest.raises(ValueError, match=f"^{said}$"):
            field_types.typed("x", value, kind)


class TestInARun:
    def test_a_choice_is_a_field_like_any_other(self):
        """Changed by its dotted name, and back from JSON the same."""
        run = WithChoice().replace({"labels.choice": "coverage", "losses.kl": 0.5})
        assert isinstance(run, WithChoice)
        assert (run.labels.choice, run.order) == ("coverage", "random")
        kinds: dict[str, Any] = fields(WithChoice)
        assert kinds["labels.choice"] == kinds["order"] == Word
        stored = json.loads(json.dumps(run.flat()))
        assert WithChoice.from_stored(stored) == run
        assert WithChoice.from_stored({}) == WithChoice()

    def test_another_word_is_refused(self):
        """Also one that a store holds."""
        for change in (WithChoice().replace, WithChoice.from_stored):
            with pytest.raises(
                ValueError, match=r"`labels.choice` must be one of random"
            ):
                change({"labels.choice": "best"})
