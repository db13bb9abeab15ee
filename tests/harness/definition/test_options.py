"""The settings of a search: what is refused, and what a file may say."""

import dataclasses
import math
import pydoc
import re
from typing import Literal, get_origin

import numpy as np
import pytest

from harness.commands.searches.plan import Plan
from harness.commands.searches.search import Search
from harness.definition import options
from harness.definition.options import SearchOptions


class TestSearchOptions:
    @pytest.mark.parametrize(
        ("field", "value", "rule"),
        [
            ("trials", 0, "1 or more, got 0"),
            ("concurrency", 0, "1 or more, got 0"),
            ("retries", -1, "0 or more, got -1"),
            ("seed", -1, r"in \[0"),
            (
                "objective",
                "losses.kl",
                "one of mean_joint_error_mm, .* got 'losses.kl'",
            ),
        ],
    )
    def test_wrong_values_are_refused(self, field, value, rule):
        """The sentence names the option, the rule and the value."""
        with pytest.raises(ValueError, match=f"`{field}` must be.*{rule}"):
            SearchOptions(**{field: value})

    @pytest.mark.parametrize("text", ["0", "1.5", "-0.1", "a", "nan", "0.1,,1", ""])
    def test_ratios_outside_0_to_1_are_refused(self, text):
        """Zero is outside, one is inside."""
        with pytest.raises(ValueError, match=r"`ratios` must be numbers in \(0, 1\]"):
            SearchOptions(ratios=text).wanted_ratios()

    def test_ratios_are_numbers(self):
        """Both ends of what is allowed are read."""
        assert SearchOptions(ratios="0.02, 1").wanted_ratios() == (0.02, 1.0)
        assert SearchOptions().wanted_ratios() is None

    def test_grace_is_a_ninth_of_the_epochs_unless_given(self):
        """Tiny has nine joint epochs, small what its preset says."""
        assert SearchOptions(preset="tiny").rungs().grace == 1
        assert SearchOptions(preset="tiny", grace=4).rungs().grace == 4
        longer = SearchOptions(preset="tiny", set=("joint.epochs=90",))
        assert longer.rungs().grace == 10
        assert longer.rungs().max_step == 90

    def test_set_changes_the_base(self):
        """Fields are named as in the configuration; `none` is allowed."""
        base = SearchOptions(set=("losses.kl=0.5", "joint.steps=none")).base()
        assert base.losses.kl == 0.5
        assert base.joint.steps is None

    @pytest.mark.parametrize("text", ["losses.kl", "losses.kl=", "losses.kl= ", "=1"])
    def test_set_without_a_name_or_a_value_is_refused(self, text):
        """The sentence shows what was typed."""
        with pytest.raises(ValueError, match="`set` must be NAME=VALUE or NAME=none"):
            SearchOptions(set=(text,)).base()

    def test_a_word_is_left_to_the_field(self):
        """A choice takes its words; a number says that it is one."""
        found = options.assignments(("labels.choice = coverage", "losses.kl=0.5"))
        assert found == {"labels.choice": "coverage", "losses.kl": 0.5}
        with pytest.raises(
            ValueError, match=r"`losses.kl` must be a number, got 'high'"
        ):
            SearchOptions(set=("losses.kl=high",)).base()

    def test_a_file_sets_words_too(self, tmp_path):
        """A text in the table `run` is what `--set` makes of it."""
        path = tmp_path / "run.toml"
        path.write_text('[run]\nlabels.choice = "coverage"\nlosses.kl = 0.5\n')
        content = options.from_toml(str(path), SearchOptions)
        assert options.assignments(content["set"]) == {
            "labels.choice": "coverage",
            "losses.kl": 0.5,
        }


class TestChoices:
    @pytest.mark.parametrize("value", ["gpu", "CPU", "", None, 0, [], math.nan])
    def test_a_value_outside_is_refused_by_name(self, value):
        """The sentence has name, rule and value, whatever its type."""
        rule = re.escape(f"`device` in f must be one of cpu, cuda, got {value!r}.")
        with pytest.raises(ValueError, match=f"^{rule}$"):
            options.check_choice("device", value, options.Device, " in f")

    def test_every_choice_of_a_search_is_checked(self):
        """Also those that a command adds to the options."""
        for kind in (Search, Plan):
            hints = {field.name: field.type for field in dataclasses.fields(kind)}
            named = [n for n, hint in hints.items() if get_origin(hint) is Literal]
            assert {"objective", "device"} <= set(named)
            for name in named:
                with pytest.raises(ValueError, match=f"`{name}` must be one of"):
                    kind(name="s", **{name: "other"})


class TestPythonValues:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0.1,1.0", [0.1, 1.0]),
            ("0.1,1.0", (0.1, 1.0)),
            ("0.1,1.0", np.array([0.1, 1.0])),
            ("0.1,1.0", ["0.1", "1.0"]),
            ("0.25", 0.25),
        ],
    )
    def test_ratios_equal_their_text(self, text, value):
        """Numbers give the very options that the command line gives."""
        given = SearchOptions(ratios=value)
        assert given == SearchOptions(ratios=text)
        assert hash(given) == hash(SearchOptions(ratios=text))

    def test_every_ratio_keeps_its_digits(self):
        """A number is the same number behind its text."""
        ratios = (0.1 + 0.2, 1 / 3, 5e-324)
        assert SearchOptions(ratios=ratios).wanted_ratios() == ratios

    def test_set_equals_its_texts(self):
        """A dictionary gives the very options that `--set` gives."""
        values = {"joint.epochs": 5, "losses.kl": 0.1 + 0.2, "joint.steps": None}
        texts = ("joint.epochs=5", f"losses.kl={0.1 + 0.2}", "joint.steps=none")
        given = SearchOptions(set=values)
        assert given == SearchOptions(set=texts) == SearchOptions(set=list(texts))
        assert given.base() == SearchOptions().base().replace(values)
        assert given.base() != SearchOptions().base()

    def test_one_text_is_one_change(self):
        """A text is not taken letter by letter."""
        assert SearchOptions(set="joint.epochs=5").base().joint.epochs == 5

    def test_they_can_be_copied(self):
        """Options that were made from numbers are changed like any other."""
        options = SearchOptions(ratios=[0.5], set={"joint.epochs": 5})
        again = dataclasses.replace(options, trials=3)
        assert again == SearchOptions(ratios="0.5", set=("joint.epochs=5",), trials=3)

    @pytest.mark.parametrize("value", [[], [0], [0.5, 2], [True], [None], 3, ["a"]])
    def test_ratios_outside_0_to_1_are_refused(self, value):
        """The same sentence as for a text."""
        with pytest.raises(ValueError, match=r"`ratios` must be numbers in \(0, 1\], "):
            SearchOptions(ratios=value).wanted_ratios()

    @pytest.mark.parametrize("value", [True, "high", [5], math.pi * 1j])
    def test_set_to_no_number_is_refused(self, value):
        """The field says what it must be, as for a text."""
        with pytest.raises(ValueError, match=r"`joint.epochs` must be a whole number"):
            SearchOptions(set={"joint.epochs": value}).base()


class TestHelp:
    def test_every_field_is_explained(self):
        """`help(SearchOptions)` has each field's name and a sentence."""
        text = pydoc.render_doc(SearchOptions, renderer=pydoc.plaintext)
        for field in dataclasses.fields(SearchOptions):
            assert f" |      {field.name}: " in text
        assert " |      eta: About one in ETA goes on at each rung.\n" in text


class TestFromToml:
    def read(self, tmp_path, text):
        """The settings of a file with that text."""
        path = tmp_path / "search.toml"
        path.write_text(text)
        return options.from_toml(str(path), Search)

    def test_options_and_run(self, tmp_path):
        """Options by name, fields of the run in their own table."""
        text = 'trials = 3\neta = 4\nratios = [0.1, 1.0]\n[run]\n"losses.kl" = 0.5\n'
        assert self.read(tmp_path, text + "[run.joint]\nepochs = 40\n") == {
            "trials": 3,
            "eta": 4.0,
            "ratios": "0.1,1.0",
            "set": ("losses.kl=0.5", "joint.epochs=40"),
        }

    def test_a_store_may_be_set(self, tmp_path):
        """Its type carries a name for the help, which is no hindrance."""
        assert self.read(tmp_path, 'store = "elsewhere"') == {"store": "elsewhere"}

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("trails = 3", "`trails` in .* is no option; did you mean `trials`"),
            ('trials = "3"', "`trials` in .* wrong type: '3'"),
            ("trials = 3.5", "wrong type"),
            (
                "device = 'gpu'",
                "`device` in .* must be one of auto, cpu, cuda, got 'gpu'",
            ),
            ("objective = 3", "`objective` in .* must be one of mean_joint.*, got 3"),
            ("name = 'x'", "`name` in .* is no option"),
            ("trials = ", "is no TOML file: "),
            ("trials = true", "`trials` in .* wrong type: True"),
            ("eta = true", "`eta` in .* wrong type: True"),
            ('eta = "4"', "`eta` in .* wrong type: '4'"),
            ("eta = [4]", r"`eta` in .* wrong type: \[4\]"),
            (f"eta = {10**400}", "`eta` in .* wrong type"),
            ("store = 3", "`store` in .* wrong type: 3"),
            ("run = 3", "`run` must be a table"),
        ],
    )
    def test_wrong_files_are_refused(self, tmp_path, text, rule):
        """The sentence names the option and the file."""
        with pytest.raises(ValueError, match=rule):
            self.read(tmp_path, text)

    def test_a_missing_file_is_refused(self):
        """The sentence names the path."""
        with pytest.raises(ValueError, match="`config` must be a file to read"):
            options.from_toml("nowhere.toml", Search)


class TestLanes:
    @pytest.mark.parametrize("value", [0, -1, "many", ""])
    def test_refused(self, value):
        """What is neither a count nor auto; the sentence says the value."""
        rule = f"`lanes` must be 1 or more, or auto, got {value!r}"
        with pytest.raises(ValueError, match=rule):
            SearchOptions(lanes=value)

    @pytest.mark.parametrize(("text", "value"), [("4", 4), ('"auto"', "auto")])
    def test_of_a_file(self, text, value, tmp_path):
        """A number and a word are both values."""
        (tmp_path / "a.toml").write_text(f"lanes = {text}\n")
        settings = options.from_toml(str(tmp_path / "a.toml"), SearchOptions)
        assert settings == {"lanes": value}
        assert math.isfinite(SearchOptions(**settings).eta)
