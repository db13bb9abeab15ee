"""What is typed becomes options; what is wrong with it is one sentence.

The sentences are made from events of `tyro._errors`, which is private: a new version
that changes one of them fails here.
"""

import re
from dataclasses import dataclass
from typing import Literal

import pytest
import tyro

from harness.commands import parsing


SEARCH = ["search", "s", "--data", "synthetic:40", "--preset", "tiny"]


def test_a_toml_file_sets_options_and_flags_win(tmp_path, monkeypatch):
    """The file says five trials of eta 4, the flag says six trials."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(
        "trials = 5\neta = 4.0\n[run]\njoint.epochs = 40\n"
    )
    name, search = parsing.parse([*SEARCH, "--config", "s.toml", "--trials", "6"])
    assert (search.trials, search.eta, search.set) == (6, 4.0, ("joint.epochs=40",))
    assert name == "search"
    assert search.name == "s"
    assert search.preset == "tiny"


class TestSet:
    @pytest.fixture
    def words(self, tmp_path) -> list[str]:
        """A search with a file that sets two fields of the run."""
        text = "[run]\njoint.epochs = 40\nlosses.kl = 0.5\n"
        (tmp_path / "s.toml").write_text(text)
        return [*SEARCH, "--config", str(tmp_path / "s.toml")]

    def test_a_flag_leaves_the_other_fields_of_the_file(self, words):
        """And wins over the file where both set a field."""
        _, search = parsing.parse([*words, "--set", "losses.kl=2", "vae.epochs=3"])
        base = search.base()
        assert (base.joint.epochs, base.losses.kl, base.vae.epochs) == (40, 2.0, 3)

    @pytest.mark.parametrize(
        "more",
        [
            ["--set", "losses.kl=2", "--trials", "3", "--set", "vae.epochs=3"],
            ["--set=losses.kl=2", "--set=vae.epochs=3", "--trials=3"],
        ],
    )
    def test_every_set_counts(self, more):
        """However often the option is typed, and however it is spelled."""
        _, search = parsing.parse([*SEARCH, *more])
        assert search.set == ("losses.kl=2", "vae.epochs=3")
        assert search.trials == 3


class TestSuggestions:
    @pytest.mark.parametrize(
        ("words", "near"),
        [
            ("train --sourc x", "did you mean `--store`?"),
            ("train --fro x", "did you mean `--from`?"),
            ("data init x --sq y", "known: --table."),
            ("search s --hang-afte=3", "did you mean `--hang-after`?"),
            ("search s --hang_afte 3", "did you mean `--hang-after`?"),
            ("search s --no-share-stage", "did you mean `--no-share-stages`?"),
            ("search s --num-samples 3", "here it is `--trials`."),
            ("search s --n-trials=3", "here it is `--trials`."),
            ("search s --n_trials 3", "here it is `--trials`."),
            ("best s --storage x", "here it is `--store`."),
            ("search s --metric x", "here it is `--objective`."),
            ("rerun s --max-concurrent-trials 3", "here it is `--concurrency`."),
        ],
    )
    def test_an_unknown_option(self, words, near):
        """The sentence ends with what does it here."""
        option = re.findall(r"--[a-z_-]+", words)[0]
        command = "data init" if words.startswith("data") else words.split()[0]
        with pytest.raises(parsing.Usage) as error:
            parsing.parse(words.split())
        start = f"`{option}` is no option of crossnets {command}; "
        assert str(error.value) == start + near

    def test_what_another_tool_calls_it_is_named_where_there_is_one(self):
        """`best` has no number of trials to choose."""
        with pytest.raises(
            parsing.Usage, match="is no option of crossnets best; known"
        ):
            parsing.parse(["best", "s", "--num-samples", "3"])


class TestParse:
    def test_a_command_of_two_words(self):
        """`data show` is one command, and what follows are its own words."""
        name, show = parsing.parse(["data", "show", "synthetic:7", "--frames", "3"])
        assert (name, show.data, show.frames) == ("data show", "synthetic:7", 3)

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (
                ["best", "--tpo", "3"],
                "`--tpo` is no option of crossnets best; did you mean `--top`?",
            ),
            (
                ["search", "--trails=3"],
                "`--trails` is no option of crossnets search; did you mean `--trials`?",
            ),
            (["search", "--seed", "3", "--no-takeover"], "needs name; see --help."),
            (["train", "--fro"], "did you mean `--from`?"),
            (["serch"], "`serch` is no verb of crossnets; did you mean `search`?"),
            (["zzz"], "`zzz` is no verb of crossnets; known: demo, search, plan"),
            (["data"], "`data` is no verb of crossnets; known: data init, data prep"),
            (["data", "chek"], "verb of crossnets; did you mean `data check`?"),
            (["data", "zzz"], "`data zzz` is no verb of crossnets; known: data init"),
            (["best"], "crossnets best needs name; see --help."),
            (["best", "s", "--topp", "1"], "did you mean `--top`?"),
            (["best", "s", "--top", "x"], "`--top` must be a whole number, got 'x'."),
            (["trials", "s", "x"], "`number` must be a whole number, got 'x'."),
            (
                ["search", "s", "--grace", "1.5"],
                "`--grace` must be a whole number, got '1.5'.",
            ),
            (["search", "s", "--eta", "a, b"], "`--eta` must be a number, got 'a, b'."),
            (["best", "s", "--top"], "--top needs a value; see --help."),
        ],
    )
    def test_a_mistake_is_one_sentence(self, words, sentence):
        """It names what was typed, and what may have been meant."""
        with pytest.raises(parsing.Usage) as error:
            parsing.parse(words)
        assert sentence in str(error.value)
        assert "\n" not in str(error.value)

    def test_a_choice_that_there_is_not(self):
        """No command has such an option today; one that gets it has the sentence."""

        @dataclass(frozen=True)
        class Options:
            """Options of no command."""

            side: Literal["left", "right"]

        with (
            pytest.raises(
                parsing.Usage, match="`--side` must be one of left, right, got"
            ),
            parsing.parse_errors.on_parse_error(parsing._raise),
        ):
            tyro.cli(Options, args=["--side", "up"])
