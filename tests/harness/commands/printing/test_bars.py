import contextlib

import pytest

from harness.commands.printing import bars


@pytest.fixture
def terminal(monkeypatch) -> None:
    """Standard error counts as a terminal of 80 columns."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("terminal")
def test_a_bar_is_seen_between_its_first_step_and_its_last(capsys):
    """Nothing before, a share of the steps then, and nothing after the last."""
    with bars.bar("Counting") as progress:
        assert capsys.readouterr().err == ""
        progress(0, 4)
        assert "Counting" in capsys.readouterr().err
        progress(4, 4)
        assert "100%" in capsys.readouterr().err
        print("between")  # noqa: T201
        assert capsys.readouterr() == ("between\n", "")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("terminal")
def test_an_error_ends_the_bar(capsys):
    """The cursor is shown again, whatever happens."""
    with contextlib.suppress(ValueError), bars.preparation() as progress:
        progress(1, 2)
        raise ValueError
    err = capsys.readouterr().err
    assert "Preparing the data" in err
    assert "\x1b[?25h" in err


def test_where_there_is_no_terminal_nothing_is_shown(capsys, monkeypatch):
    """Neither bar nor empty line."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    with bars.bar("Counting") as progress:
        progress(0, 2)
        progress(1, 2)
        progress(2, 2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("seen", [True, False])
def test_bars_are_disabled_without_a_terminal(monkeypatch, request, seen):
    """Whoever shows lines instead asks the bars whether they are seen."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    if seen:
        request.getfixturevalue("terminal")
    assert bars.on_stderr().disable is not seen
