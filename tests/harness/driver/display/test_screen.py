"""What is drawn while a person waits, on a terminal and where there is none."""

import re

import pytest
from rich.text import Text

from harness.driver.display.screen import Screen, clock


@pytest.fixture
def terminal(monkeypatch) -> Screen:
    """A screen on a terminal of 80 columns."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen("s")
    assert screen.console.is_terminal
    return screen


def test_it_says_what_is_waited_for_and_for_how_long(terminal):
    """From the first moment, until something else is drawn."""
    with terminal:
        terminal.wait("starting Ray, about 6 s")
        shown = re.compile(r"s: \d+:\d\d, starting Ray, about 6 s")
        assert shown.fullmatch(str(terminal.drawn()))
        terminal.preparing(3, 40)
        shown = re.compile(r"s: \d+:\d\d, preparing the data, 3/40 frames")
        assert shown.fullmatch(str(terminal.drawn()))
        terminal.show(lambda: Text("a table"))
        assert str(terminal.drawn()) == "a table"


def test_nothing_stays_on_a_terminal_but_what_is_left_there(terminal, capsys):
    """What was waited for has gone when the context ends."""
    with terminal:
        terminal.wait("starting Ray")
        terminal.say("a line")
        terminal.leave(Text("12/12 trials"))
    end = capsys.readouterr().err.rpartition("a line")[2]
    assert "12/12 trials" in end
    assert "starting" not in end.rpartition("12/12 trials")[2]


def test_a_pipe_gets_a_line_of_each_wait_that_is_worth_one(capsys):
    """Without colours or times; what is drawn is not printed."""
    with Screen("s") as screen:
        screen.wait("loading", in_pipe=False)
        screen.wait("starting Ray, about 6 s")
        screen.preparing(1, 2)
        screen.show(lambda: Text("a table"))
        screen.leave(Text("the end"))
    assert capsys.readouterr().err == "s: starting Ray, about 6 s\n"


def test_what_steers_a_terminal_is_shown(capsys):
    """As in a message of a worker."""
    Screen("s").say("\x1b[31m[red]bad")
    assert capsys.readouterr().err == "\\x1b[31m[red]bad\n"


def test_what_cannot_be_drawn_is_said_and_logged_once(caplog):
    """The thread that draws goes on; the log has the traceback."""
    screen = Screen("s")
    screen.show(lambda: Text(str(1 / 0)))
    for _ in range(2):
        assert "cannot be drawn: ZeroDivisionError" in str(screen.drawn())
    assert caplog.text.count("Traceback") == 1
    screen.show(lambda: Text("well"))
    assert str(screen.drawn()) == "well"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (7325, "2:02:05")],
)
def test_clock(seconds, shown):
    """Minutes and seconds, hours where there are any."""
    assert clock(seconds) == shown
