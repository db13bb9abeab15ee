from harness.commands.printing import messages


def test_answers_and_messages_go_apart(capsys):
    """An answer to standard output, all else to standard error."""
    messages.answer("a")
    messages.note("b")
    messages.complain(ValueError("c"))
    assert capsys.readouterr() == ("a\n", "b\ncrossnets: c\n")


def test_a_complaint_is_one_line_that_can_be_seen(capsys):
    """Line ends become blanks, and escapes are shown."""
    messages.complain("two\n  lines\x1b[2J")
    assert capsys.readouterr().err == "crossnets: two lines\\x1b[2J\n"


def test_a_long_complaint_is_cut(capsys):
    """Exactly as many characters as allowed, the last an ellipsis."""
    messages.complain("x" * messages.LONGEST)
    assert len(capsys.readouterr().err) == len("crossnets: \n") + messages.LONGEST
    messages.complain("x" * (messages.LONGEST + 1))
    err = capsys.readouterr().err
    assert len(err) == len("crossnets: \n") + messages.LONGEST
    assert err.endswith("x\N{HORIZONTAL ELLIPSIS}\n")


def test_notes_are_broken_between_words_on_a_terminal_alone(capsys, monkeypatch):
    """A number at the end of a line stays whole; a pipe gets a line a note."""
    lines = ["labels used: 28 at 0.1, 280 at 1", "bad \x1b[2J"]
    messages.notes(lines)
    assert capsys.readouterr().err == f"{lines[0]}\nbad \\x1b[2J\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "24")
    messages.notes(lines[:1])
    assert capsys.readouterr().err == "labels used: 28 at 0.1,\n280 at 1\n"
