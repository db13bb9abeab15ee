"""What is said of a data set that somebody described: what was written, what is guessed."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from harness.commands.printing import messages
from harness.definition.terminal import printable


PREFIX = "folder"
"""How the name of such a set begins."""


UNCOUNTED = ("evaluate", "export", "doctor", "data check")
"""Commands that do not count a set's frames, where its notes are printed too."""


def tell(command: str, data: object) -> None:
    """Print what a description guesses, before anything is done with it.

    Args:
        command: Which one; only those of `UNCOUNTED` print nothing by themselves.
        data: What was asked for, such as `folder:DIR`; anything else is passed over.

    Raises:
        ValueError: If the folder has no description, or a wrong one.
    """
    if command not in UNCOUNTED or not isinstance(data, str):
        return
    kind, _, folder = data.partition(":")
    if kind.partition("+")[0] != PREFIX or not folder:
        return
    from cnets.data.readers.folder import description

    for note in description.read(Path(folder)).notes():
        messages.note(f"crossnets: {printable(note)}")


def written(path: Path, guessed: Sequence[str]) -> str:
    """What was written, what is to be looked at, and how.

    Args:
        path: Of the description.
        guessed: Keys that are guesses.
    """
    folder = path.parent
    names = ", ".join(guessed)
    lines = (
        f"{path} is written. Guessed: {names}.",
        "Look at each, mend it, and take it out of the list `guessed`. Then:",
        f"crossnets data show {shlex.quote(f'{PREFIX}:{folder}')} --out hands.png",
    )
    return "\n".join(map(printable, lines))
