"""The space of a search against the fields of a run, and its labelled ratios."""

import re
from dataclasses import dataclass, field
from typing import Literal

import pytest

from cnets.config import TrainConfig
from harness.definition import spaces
from harness.definition.options import SearchOptions
from harness.definition.spaces import ratios_of
from search_spaces import OneOf, Real, Space, Whole


RATIOS = (0.1, 0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A group with a choice."""

    choice: Literal["random", "coverage"] = "random"


@dataclass(frozen=True, kw_only=True)
class WithChoice(TrainConfig):
    """A run with a choice."""

    labels: Labels = field(default_factory=Labels)


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


class TestSpaceOf:
    def test_its_start_is_where_the_base_is(self):
        """A setting that moves a searched field moves the start with it."""
        options = SearchOptions(space="loss_weights", set=("losses.kl=0.5",))
        space = spaces.space_of(options, options.base())
        assert space.start["losses.kl"] == 0.5
        assert space.start["losses.posterior"] == 1.0

    def test_its_start_stays_in_the_space(self):
        """A setting beyond the bounds of the space leaves the start where it is."""
        options = SearchOptions(space="loss_weights", set=("losses.kl=50.0",))
        space = spaces.space_of(options, options.base())
        assert space.parameters["losses.kl"].high < 50.0
        assert space.start["losses.kl"] == 1.0

    @pytest.mark.parametrize(
        ("name", "low", "rule"),
        [
            ("losses.nothing", "0.1", r"`losses.nothing` in `mine`; did you mean "),
            ("joint.learning_rate", "-1.0", r"`joint.learning_rate` must be"),
        ],
        ids=["unknown", "beyond what a run takes"],
    )
    def test_refuses(self, tmp_path, name, low, rule):
        """A parameter must be a field of the run, and may be at each of its ends."""
        path = tmp_path / "mine.toml"
        path.write_text(
            f'name = "mine"\n[parameters."{name}"]\nkind = "real"\nlow = {low}\n'
            f'high = 1.0\n[start]\n"{name}" = 0.5\n'
        )
        options = SearchOptions(space=str(path))
        with pytest.raises(ValueError, match=rule):
            spaces.space_of(options, options.base())


class TestChoices:
    @pytest.mark.parametrize("values", [("random", "best"), (1.0, 2.0)])
    def test_words_are_those_of_the_field(self, values):
        """A space may name the words of a choice; a number or another word is refused."""
        base = WithChoice()
        good = OneOf(("random", "coverage"))
        space = Space("s", {"labels.choice": good}, {"labels.choice": "random"})
        with_choice = base.replace({"labels.choice": "coverage"})
        assert spaces.started(space, with_choice).start == {"labels.choice": "coverage"}
        wrong = Space(
            "s", {"labels.choice": OneOf(values)}, {"labels.choice": values[0]}
        )
        with pytest.raises(
            ValueError, match=r"`labels.choice` must be one of random, c"
        ):
            spaces.started(wrong, base)
        number = Space("s", {"losses.kl": good}, {"losses.kl": "random"})
        with pytest.raises(
            ValueError, match=r"`losses.kl` must be a number, got 'rand"
        ):
            spaces.started(number, base)


class TestKind:
    @pytest.mark.parametrize(
        ("parameter", "kind"),
        [
            (Real(0.0, 1.0), "float"),
            (Whole(1, 4), "int"),
            (OneOf((1, 2)), "int"),
            (OneOf((1, 2.5)), "float"),
            (OneOf(("random", "coverage")), "string"),
        ],
    )
    def test_by_hand(self, parameter, kind):
        """Whole numbers and texts are stored as such, where every value is one."""
        assert spaces.kind(parameter) == kind
