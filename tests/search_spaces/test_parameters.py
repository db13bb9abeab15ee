"""Tests of search_spaces/parameters.py."""

import dataclasses
import json
import math
import re
import string

import pytest
from hypothesis import given, strategies as st

from search_spaces import OneOf, Real, Space, Whole


def a_space(**changes):
    """A space with one parameter of each kind."""
    fields = {
        "name": "mine",
        "parameters": {
            "losses.kl": Real(1e-4, 1.0, log=True),
            "latent_size": Whole(8, 64),
            "labelled_ratio": OneOf((0.1, 1.0)),
        },
        "start": {"losses.kl": 1.0, "latent_size": 20, "labelled_ratio": 1.0},
    }
    return Space(**(fields | changes))


class TestReal:
    def test_bounds_are_inside(self):
        """Both bounds are values; what lies beyond them, NaN and truth are not."""
        real = Real(0.5, 2.0)
        assert real.holds(0.5)
        assert real.holds(2.0)
        assert real.holds(1)
        for value in (math.nextafter(0.5, 0), math.nextafter(2.0, 3), math.nan):
            assert not real.holds(value)
        assert not real.holds(True)
        assert not real.holds("1")

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ((2.0, 1.0), "`low` must be below `high`, got 2.0 and 1.0."),
            ((1.0, 1.0), "`low` must be below `high`, got 1.0 and 1.0."),
            ((0.0, 1.0, True), "`low` must be above 0 where `log` is true, got 0.0."),
            ((-1.0, math.inf), "`high` must be a finite number, got inf."),
            ((math.nan, 1.0), "`low` must be a finite number, got nan."),
            (("1", 2.0), "`low` must be a finite number, got '1'."),
            ((1.0, 2.0, "yes"), "`log` must be true or false, got 'yes'."),
        ],
    )
    def test_refuses(self, arguments, sentence):
        """Bounds that enclose nothing are refused in one sentence."""
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            Real(*arguments)


class TestWhole:
    def test_bounds_are_inside(self):
        """Both bounds are values; 7, 65 and 20.0 are not."""
        whole = Whole(8, 64, log=True)
        assert whole.holds(8)
        assert whole.holds(64)
        for value in (7, 65, 20.0, True):
            assert not whole.holds(value)

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ((8.0, 64), "`low` must be a whole number, got 8.0."),
            ((64, 8), "`low` must be below `high`, got 64 and 8."),
            ((0, 8, True), "`low` must be above 0 where `log` is true, got 0."),
        ],
    )
    def test_refuses(self, arguments, sentence):
        """Bounds that are no whole numbers or enclose nothing are refused."""
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            Whole(*arguments)


class TestOneOf:
    def test_holds_its_values(self):
        """A listed value is held, another is not; a list becomes a tuple."""
        choice = OneOf([0.1, 1.0, "all"])
        assert choice.values == (0.1, 1.0, "all")
        assert choice.holds("all")
        assert choice.holds(1)
        assert not choice.holds(0.5)
        assert not choice.holds(True)

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            ((), "`values` must name at least one value, got none."),
            ((1, 1.0), "`values` must name each value once, got [1, 1.0]."),
            ((math.inf,), "`values` must be finite numbers or strings, got inf."),
            ((True,), "`values` must be finite numbers or strings, got True."),
            ("abc", "`values` must be a list, got 'abc'."),
        ],
    )
    def test_refuses(self, values, sentence):
        """What is no list of different values is refused in one sentence."""
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            OneOf(values)


class TestSpace:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"name": "a b"}, "`name` must be letters, digits and underscores, a "),
            ({"parameters": {}, "start": {}}, "`parameters` must name at least one,"),
            (
                {"parameters": {"losses.2": Real(0, 1)}, "start": {"losses.2": 1}},
                "`parameters` must have dotted names such as `losses.kl`, got 'losses.2'.",
            ),
            (
                {"start": {"losses.kl": 1.0, "latent_size": 20}},
                "`start` must have a value for every parameter, got none for "
                "`labelled_ratio`.",
            ),
            (
                {"start": a_space().start | {"seed": 1}},
                "`start` must name only losses.kl, latent_size, labelled_ratio, "
                "got `seed`.",
            ),
            (
                {"start": a_space().start | {"latent_size": 65}},
                "`start.latent_size` must be a whole number in [8, 64], got 65.",
            ),
        ],
    )
    def test_refuses(self, changes, sentence):
        """A space without a sound start or sound names is refused."""
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
            a_space(**changes)

    def test_check(self):
        """Values on the bounds pass; one beyond, one missing and one more do not."""
        space = a_space()
        sound = {"losses.kl": 1e-4, "latent_size": 64, "labelled_ratio": 0.1}
        space.check(sound)
        for changes, sentence in (
            (
                {"losses.kl": 1.1},
                "`values.losses.kl` must be a number in [0.0001, 1.0]",
            ),
            ({"losses.kl": math.nan}, "`values.losses.kl` must be a number in"),
            (
                {"labelled_ratio": 0.2},
                "`values.labelled_ratio` must be one of 0.1, 1.0",
            ),
            ({"other": 1}, "`values` must name only losses.kl, latent_size"),
        ):
            with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
                space.check(sound | changes)
        with pytest.raises(ValueError, match=r"got none for `losses.kl`"):
            space.check({"latent_size": 20, "labelled_ratio": 0.1})

    def test_unknown(self):
        """The parameters that a run does not have are named in order."""
        known = ["seed", "latent_size"]
        assert a_space().unknown(known) == ["losses.kl", "labelled_ratio"]
        assert a_space().unknown([*known, "losses.kl", "labelled_ratio"]) == []

    def test_started_at(self):
        """Some start values change, bounds do not, and the old space stays."""
        space = a_space()
        moved = space.started_at({"latent_size": 30})
        assert moved.start == space.start | {"latent_size": 30}
        assert moved.parameters == space.parameters
        assert space.start["latent_size"] == 20
        with pytest.raises(ValueError, match=r"`start.latent_size` must be a whole"):
            space.started_at({"latent_size": 4})
        with pytest.raises(ValueError, match="`start` must name only"):
            space.started_at({"seed": 4})

    def test_does_not_share_its_mappings(self):
        """A space stays as it was when the dicts it was made of change."""
        start = {"x": 1.0}
        space = Space("one", {"x": Real(0.0, 1.0)}, start)
        start["x"] = 7.0
        assert space.start == {"x": 1.0}


names = st.lists(
    st.text(string.ascii_lowercase + "_", min_size=1, max_size=5),
    min_size=1,
    max_size=3,
).map(".".join)
finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def parameters_and_starts(draw):
    """A parameter of any kind and one of its values."""
    kind = draw(st.sampled_from([Real, Whole, OneOf]))
    if kind is OneOf:
        choices = st.one_of(finite, st.text(max_size=3), st.integers())
        values = draw(st.lists(choices, min_size=1, max_size=4, unique=True))
        return OneOf(values), draw(st.sampled_from(values))
    numbers = st.integers() if kind is Whole else finite
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    log = draw(st.booleans()) and low > 0
    return kind(low, high, log), draw(st.sampled_from([low, high]))


@st.composite
def spaces(draw):
    """Any space."""
    found = draw(
        st.dictionaries(names, parameters_and_starts(), min_size=1, max_size=4)
    )
    return Space(
        draw(st.from_regex(r"[a-z]\w{0,5}", fullmatch=True)),
        {name: parameter for name, (parameter, _) in found.items()},
        {name: value for name, (_, value) in found.items()},
    )


class TestJson:
    @given(spaces())
    def test_round_trip(self, space):
        """Every space comes back from its JSON equal, in one line."""
        text = space.to_json()
        again = Space.from_json(text)
        assert again == space
        assert again.to_json() == text
        assert "\n" not in text

    def test_by_hand(self):
        """The JSON says kind, bounds and start under the names of the fields."""
        space = Space("one", {"x": Whole(1, 8, log=True)}, {"x": 2})
        assert json.loads(space.to_json()) == {
            "name": "one",
            "parameters": {"x": {"kind": "whole", "low": 1, "high": 8, "log": True}},
            "start": {"x": 2},
        }

    def test_further_starts(self):
        """Changes to the start, in their order; a space without has no such entry."""
        space = Space("one", {"x": Whole(1, 8), "y": Whole(1, 8)}, {"x": 2, "y": 3})
        more = dataclasses.replace(space, then=({"x": 4}, {"y": 5}))
        assert "then" not in space.to_json()
        assert Space.from_json(more.to_json()) == more
        assert more.starts == ({"x": 2, "y": 3}, {"x": 4, "y": 3}, {"x": 2, "y": 5})
        with pytest.raises(ValueError, match=r"`then.x` must be a whole number"):
            dataclasses.replace(space, then=({"x": 9},))
        with pytest.raises(ValueError, match="`then` must name only x, y, got `z`"):
            dataclasses.replace(space, then=({"z": 1},))

    def test_refuses(self):
        """Text that is no space is refused."""
        with pytest.raises(ValueError, match="must have exactly name, parameters, st"):
            Space.from_json('{"name": "one"}')
        with pytest.raises(ValueError, match="Expecting value"):
            Space.from_json("one")


TOML = """
name = "mine"
[parameters.latent_size]
kind = "whole"
low = 8
high = 64
log = true
[parameters.losses.kl]
kind = "real"
low = 0.1
high = 2
[parameters."losses.posterior"]
kind = "real"
low = 1
high = 9.5
[parameters.labelled_ratio]
kind = "one_of"
values = [0.1, 1.0]
[start]
latent_size = 20
losses.kl = 1.0
"losses.posterior" = 1
labelled_ratio = 1.0
"""


class TestToml:
    def test_by_hand(self):
        """Every kind is read, and dotted names with quotes and without."""
        assert Space.from_toml(TOML, "mine.toml") == Space(
            "mine",
            {
                "latent_size": Whole(8, 64, log=True),
                "losses.kl": Real(0.1, 2),
                "losses.posterior": Real(1, 9.5),
                "labelled_ratio": OneOf((0.1, 1.0)),
            },
            {
                "latent_size": 20,
                "losses.kl": 1.0,
                "losses.posterior": 1,
                "labelled_ratio": 1.0,
            },
        )

    def test_further_starts(self):
        """Each in a table of a list, with quotes and without."""
        more = '[[then]]\nlosses.kl = 0.5\n[[then]]\n"losses.posterior" = 9\n'
        found = Space.from_toml(TOML + more, "mine.toml")
        assert found.then == ({"losses.kl": 0.5}, {"losses.posterior": 9})
        with pytest.raises(ValueError, match="`then` in f must be a list of tables"):
            Space.from_toml(TOML + "[then]\nlosses.kl = 0.5\n", "f")

    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            ('"whole"', '"int"', "`kind` of `parameters.latent_size` in f.toml must be one of real, whole, one_of, got 'int'."),
            ('kind = "whole"\n', "", "`kind` of `parameters.latent_size` in f.toml must be one of real, whole, one_of, got None."),
            ("low = 8", "lowest = 8", "`parameters.latent_size` in f.toml must have only kind, low, high, log, got `lowest`."),
            ("low = 8\n", "", "`parameters.latent_size` in f.toml must have `low`, got none."),
            ("low = 8", "low = 80", "`parameters.latent_size` in f.toml: `low` must be below `high`, got 80 and 64."),
            ("low = 8", "low = [8]", "`parameters.latent_size` in f.toml: `low` must be a whole number, got [8]."),
            ("values = [0.1, 1.0]", "values = [[1]]", "`parameters.labelled_ratio` in f.toml: `values` must be finite numbers or strings, got [1]."),
            ("latent_size = 20", "latent_size = 2", "f.toml: `start.latent_size` must be a whole number in [8, 64], got 2."),
            ('name = "mine"', 'title = "mine"', "f.toml must have exactly name, parameters, start, got title, parameters, start."),
            ('name = "mine"', 'name = "mine"\nseed = 1', "f.toml must have exactly name, parameters, start, got name, seed, parameters, start."),
            ('name = "mine"', "name = 3", "f.toml: `name` must be letters, digits and underscores, a letter first, got 3."),
            ("high = 64", "high = ", "f.toml is no TOML file: Invalid value (at line 6, column 8)."),
        ],
    )  # fmt: skip
    def test_refuses(self, old, new, sentence):
        """One wrong word in a file gives one sentence that names the file."""
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            Space.from_toml(TOML.replace(old, new, 1), "f.toml")

    def test_refuses_what_is_no_table(self):
        """Parameters that are no table are refused, and so is an empty file."""
        text = 'name = "one"\nparameters = 3\n[start]\nx = 1'
        with pytest.raises(ValueError, match=r"`parameters` in f.toml must be a table"):
            Space.from_toml(text, "f.toml")
        with pytest.raises(ValueError, match="got nothing"):
            Space.from_toml("", "f.toml")


def test_a_space_has_at_most_256_parameters():
    """256 are taken, one more is refused with its number."""
    kind = Real(0.0, 1.0)
    names = [f"a{number}" for number in range(257)]
    Space("s", dict.fromkeys(names[:256], kind), dict.fromkeys(names[:256], 0.5))
    with pytest.raises(ValueError, match="must name at most 256, got 257"):
        Space("s", dict.fromkeys(names, kind), dict.fromkeys(names, 0.5))


def test_json_that_is_nested_too_deep_is_refused():
    """A stack of brackets is a sentence, not an overflow."""
    with pytest.raises(ValueError, match="must not be nested so deep"):
        Space.from_json("[" * 100_000)
