"""The last line of a command."""

import pytest

from harness.commands.printing import hints


def test_the_answer_and_what_comes_next(capsys):
    """On standard error, with the store where it is not the default."""
    hints.tell("best at 1: t-00003 with 27.40 mm", "rerun", "mine")
    hints.tell("ready", "search", "NAME", "--data", "nyu:a b", store="/d/r s")
    hints.tell("nothing to do")
    assert capsys.readouterr() == (
        "",
        "best at 1: t-00003 with 27.40 mm; next: crossnets rerun mine\n"
        "ready; next: crossnets search NAME --data 'nyu:a b' --store '/d/r s'\n"
        "nothing to do.\n",
    )


@pytest.mark.parametrize("style", ["json", "csv"])
def test_machines_get_none(capsys, style):
    """They have asked for figures."""
    hints.tell("ready", style=style)
    assert capsys.readouterr() == ("", "")


def test_it_steers_no_terminal(capsys):
    """Names of data sets come from outside."""
    hints.tell("\x1b[2J is ready")
    assert capsys.readouterr().err == "\\x1b[2J is ready.\n"


def test_counts():
    """One thing, and none or more of it."""
    assert [hints.count(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


def test_what_does_not_fit_a_terminal_is_two_lines(capsys, monkeypatch):
    """The answer is broken between words, the command stays in one piece."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "24")
    hints.tell("best at 1: t-00003 with 27.40 mm", "rerun", "mine", store="/data/runs")
    assert capsys.readouterr().err == (
        "best at 1: t-00003 with\n27.40 mm.\n"
        "next: crossnets rerun mine --store /data/runs\n"
    )
