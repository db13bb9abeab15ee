"""Text from elsewhere, made fit for a terminal.

Names, reasons and messages may hold what steers a terminal (escape codes), turns
the direction of writing or cannot be encoded. Such characters are shown by their
Python escapes, so that they can be seen and do nothing.
"""


def printable(text: str) -> str:
    r"""The text on one line, with an escape such as `\x1b` for what is not to be seen.

    Args:
        text: Any text.

    Returns:
        Letters, digits, signs and blanks only.
    """
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
