"""What is said of a damaged file: what is wrong, and what to do about it.

Nothing is read here; `verify`, `verify_tables` and `verify_runs` do that.
"""

from collections.abc import Callable
from dataclasses import dataclass


KINDS = (
    "records",
    "segments",
    "journals",
    "checkpoints",
    "pre-trainings",
    "prepared data",
)
"""What there is to check, in this order."""

BACKUP = "Copy it back from a backup; nothing can make it again."
REMEDIES = {
    "store": BACKUP,
    "header": "Copy it back from a backup; the search's tables can still be read.",
    "driver": "Delete it once no process drives the search; `search` then goes on.",
    "segment": "Copy it back from a backup, or move it out of the store and lose "
    "its rows.",
    "stranger": "Move it out of the tables.",
    "newer": "Install a newer crossnets.",
    "orphan": "Copy the missing segment of `trials` back from a backup.",
    "journal": "Go on with the same `search`: sound rows are kept, lost ones named.",
    "aside": "Its sound rows are stored; delete it when it is of no more use.",
    "checkpoint": "Delete its folder; the trial goes on from the one before.",
    "stage": "Delete its folder; the next trial that needs it trains it again.",
    "cache": "Delete its folder; the next run makes it again.",
    "unread": "Mend the disk or the permissions, and check again.",
}
"""What to do about each kind of damage."""

Seen = Callable[[str, str, int], None]
"""Told the kind and path of each file that was checked, and its bytes."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One damaged or misplaced file."""

    path: str
    """Relative to the store."""
    problem: str
    """What is wrong with it, a sentence."""
    remedy: str
    """What to do about it, a sentence."""


def finding(path: str, problem: str, key: str) -> Finding:
    """A finding with the remedy of its kind, a key of `REMEDIES`."""
    return Finding(path=path, problem=problem, remedy=REMEDIES[key])


def cause(error: Exception) -> str:
    """What an error says besides the path, which stands beside it already."""
    text = str(error)
    text = text.partition(" is damaged: ")[2] or text
    return f"{text[0].upper()}{text[1:].rstrip('.')}."
