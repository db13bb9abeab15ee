"""The last line of a command: the answer in words, and what to type next.

It goes to standard error, and only where people read: not beside JSON or CSV.
"""

import shlex
from collections.abc import Iterable

from harness.commands.printing import messages
from harness.definition.terminal import printable


STORE = "runs"
"""Where a store is unless `--store` says so."""


def tell(answer: str, *words: str, store: str = STORE, style: str = "table") -> None:
    """Say the answer, and the command that comes next.

    Args:
        answer: In words, such as `best at 0.1: t-00003 with 27.40 mm`.
        words: What is typed behind `crossnets`; what is in capitals is to be filled
            in. Empty: there is nothing to be typed.
        store: The `--store` of this command, repeated where it is not the default.
        style: The `--format` of this command.
    """
    if style != "table":
        return
    follows = f"next: {command(words, store)}" if words else ""
    line = f"{answer}; {follows}" if follows else f"{answer}."
    if len(line) <= messages.width():
        messages.notes([line])
        return
    messages.notes([f"{answer}."])
    if follows:
        messages.note(printable(follows))  # in one piece, to be copied


def command(words: Iterable[str], store: str = STORE) -> str:
    """A command as it is typed, with quotes where a shell needs them."""
    place = [] if store == STORE else ["--store", store]
    return shlex.join(["crossnets", *words, *place])


def count(number: int, noun: str) -> str:
    """Such as `1 row` and `2 rows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
