"""Text made fit for a terminal; what prints it is in `test_terminal_text.py`."""

import codecs

import pytest
from hypothesis import given, strategies as st

from harness.definition.terminal import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("trial t-00001: 20.5 mm", "trial t-00001: 20.5 mm"),
        ("größer, 手, ∑", "größer, 手, ∑"),
        ("\x1b[2J", "\\x1b[2J"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\u202etxt", "\\u202etxt"),
        ("\ud800", "\\ud800"),
    ],
)
def test_by_hand(text, shown):
    """Letters and signs stay; what steers, turns or cannot be encoded is escaped."""
    assert printable(text) == shown


@given(st.text(st.characters(exclude_characters="\\")))
def test_nothing_is_lost(text):
    """Whatever the text, it can be printed, and its escapes say what it was."""
    shown = printable(text)
    assert shown.isprintable()
    plain = shown.encode("latin-1", "backslashreplace")
    assert codecs.decode(plain, "unicode_escape") == text
