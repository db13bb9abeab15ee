"""What is typed becomes options; what is wrong with it is one sentence.

The sentences are made from events of `tyro._errors`, which is private: a new version
that changes one of them fails here.
"""

from dataclasses import dataclass
from typing import Literal

import pytest
import tyro

from cnets import config
from harness.commands import parsing
from harness.commands.searches.search import Search
from harness.commands.table import COMMANDS


SEARCH = ["search", "s", "--data", "synthetic:40", "--preset", "tiny"]


class TestHelp:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_option_has_a_help(self, capsys, name):
        """Each field of a command has a sentence of its own."""
        with pytest.raises(SystemExit) as stop:
            parsing.parse([*name.split(), "--help"])
        assert stop.value.code in (0, None)
        out = capsys.readouterr().out
        for field in COMMANDS[name].options.__dataclass_fields__:
            shown = "--from" if field == "source" else f"--{field.replace('_', '-')}"
            assert shown in out or field.upper() in out, field

    def test_fields_for_set_stand_with_the_papers_values(self):
        """Every field of a run is listed where there is `--set`, and only there."""
        text = parsing.description(Search)
        for name, value in config.TrainConfig().flat().items():
            assert f"  {name} = {str(value).lower()}: " in text
        best = COMMANDS["best"].options
        assert parsing.description(best) == best.__doc__


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
                "`--trails=3` is no option of crossnets search; did you mean `--trials`?",
            ),
            (["search", "--seed", "3", "--no-takeover"], "needs name; see --help."),
            (["train", "--fro"], "did you mean `--from`?"),
            (["serch"], "`serch` is no verb of crossnets; did you mean `search`?"),
            (["zzz"], "`zzz` is no verb of crossnets; known: demo, search, plan"),
            (["data"], "`data` is no verb of crossnets; did you mean"),
            (["best"], "crossnets best needs name; see --help."),
            (["best", "s", "--topp", "1"], "did you mean `--top`?"),
            (["best", "s", "--top", "x"], "--top: invalid literal for int()"),
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
                parsing.Usage, match="--side must be one of left, right, got"
            ),
            parsing.parse_errors.on_parse_error(parsing._raise),
        ):
            tyro.cli(Options, args=["--side", "up"])
