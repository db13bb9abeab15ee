"""Lines of text: answers to standard output, messages to standard error."""

import shutil
import sys
import textwrap
from collections.abc import Iterable

from harness.definition.terminal import printable


IN_PIPE = 100_000
"""Characters of a line where standard error is no terminal."""

LONGEST = 4000
"""Most characters of a complaint."""


def answer(text: str) -> None:
    """Print what was asked for."""
    print(text)  # noqa: T201


def note(text: str) -> None:
    """Print what a person should know beside the answer."""
    print(text, file=sys.stderr)  # noqa: T201


def notes(lines: Iterable[str]) -> None:
    """Print lines beside the answer that hold names from outside.

    On a terminal they are broken between words.
    """
    for line in map(printable, lines):
        note(textwrap.fill(line, width(), break_on_hyphens=False))


def width() -> int:
    """Characters that a message's line may have; very many in a pipe."""
    is_terminal = sys.stderr.isatty()
    return shutil.get_terminal_size().columns if is_terminal else IN_PIPE


def complain(error: object) -> None:
    """One line that cannot steer a terminal, and no longer than one can read."""
    text = printable(on_one_line(str(error)))
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
    note(f"crossnets: {text}")


def on_one_line(message: str) -> str:
    """A message with each run of blanks and line ends as one blank."""
    return " ".join(message.split())
