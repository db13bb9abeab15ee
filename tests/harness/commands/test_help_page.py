"""The help of every command: short, complete, and with examples that work."""

import re
import shlex

import pytest

from harness.commands import cli, help_page, parsing
from harness.commands.table import COMMANDS


@pytest.fixture(autouse=True)
def eighty(monkeypatch):
    """A terminal of 80 columns, wherever the tests run."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("name", COMMANDS)
class TestEveryCommand:
    def test_its_help_is_short(self, name):
        """At most 55 lines of 80 characters."""
        lines = help_page.page(name).splitlines()
        assert len(lines) <= 55
        assert max(map(len, lines)) <= 80

    def test_every_option_stands_there_as_it_is_typed(self, name):
        """Each once, and no other; what stands without a name too."""
        text = help_page.page(name).partition("\nexamples\n")[0]
        shown = re.findall(r"^  --((?:\[no-\])?[a-z-]+)", text, re.MULTILINE)
        both = [n.removeprefix("[no-]") for n in shown if n.startswith("[no-]")]
        flags = {f"--{n.removeprefix('[no-]')}" for n in shown}
        assert len(shown) == len(flags)
        unset = {f for f in parsing.flags(name) if f.startswith("--no-")}
        assert set(parsing.flags(name)) - unset == flags
        assert {f"--no-{n}" for n in both} <= unset
        fields = COMMANDS[name].options.__dataclass_fields__.values()
        named = {flag.removeprefix("--").replace("-", "_") for flag in flags}
        for field in fields:
            typed = "from" if field.name == "source" else field.name
            assert typed in named or field.name.upper() in text

    def test_it_says_no_more_of_a_default_than_a_person_needs(self, name):
        """Neither Python's None nor a type stands there."""
        text = help_page.page(name)
        for noise in ("None", "{", "INT", "STR", "True", "False"):
            assert noise not in text

    def test_two_examples_that_parse(self, name):
        """As they stand at the end, word for word."""
        end = help_page.page(name).partition("\nexamples\n")[2]
        examples = re.sub(r"\n {6}", " ", end).splitlines()
        assert len(examples) == 2
        for example in examples:
            program, *words = shlex.split(example)
            assert program == "crossnets"
            assert parsing.parse(words)[0] == name

    def test_help_is_an_answer(self, capsys, name):
        """It goes to standard output, and the exit code is 0."""
        assert cli.run([*name.split(), "--help"]) == 0
        captured = capsys.readouterr()
        assert captured.out == f"{help_page.page(name)}\n"
        assert captured.err == ""


def test_options_stand_in_groups_by_what_they_are_for():
    """Those of a search, in the order in which a person thinks of them."""
    lines = help_page.page("search").splitlines()
    heads = [line for line in lines if re.fullmatch(r"[a-z][a-z ]+", line)]
    assert heads == [
        "data",
        "what is searched",
        "what is trained",
        "how long",
        "where it runs",
        "store",
        "examples",
    ]


def test_what_may_be_left_out_and_what_may_not():
    """In the first line: a name may be in brackets, a needed option is there."""
    assert help_page.page("status").startswith("usage: crossnets status [NAME] [")
    first = help_page.page("predict").splitlines()[0]
    assert first == (
        "usage: crossnets predict FRAMES ... --model MODEL --camera CAMERA [options]"
    )


def test_a_default_stands_behind_the_meaning():
    """Of a text, a number, and what is switched on."""
    text = help_page.page("search")
    assert re.search(r"--trials N .*\[16\]", text)
    assert re.search(r"--keep N .*\[3\]", text)
    assert re.search(r"--\[no-\]share-stages .*\[yes\]", text)
    assert re.search(
        r"--set KEY=VALUE \.\.\. .*crossnets fields\.$", text, re.MULTILINE
    )


def test_a_narrow_terminal_gets_narrow_lines(monkeypatch):
    """No line of sentences is wider than the terminal of 60 columns."""
    monkeypatch.setenv("COLUMNS", "60")
    text = help_page.page("search").partition("\nexamples\n")[0]
    assert max(map(len, text.splitlines())) <= 60
