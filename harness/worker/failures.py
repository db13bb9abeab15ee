"""Why a trial has failed, and whether it would fail again: read from its log.

Ray keeps the exception as a pickle too, which is left alone: the text tells.
"""

import re
from pathlib import Path

from harness.worker import watchdog


EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt)(:|$)")
"""How the line of a traceback starts that names the exception."""

FAILURE = re.compile(r"^Failure # \d+ \(occurred at .*\)$", re.M)
"""The line before each failure in the log of a trial."""

NEVER_RAN = "The actor never ran"
"""How Ray's last line starts after the reason why a worker was not even started."""

MONITOR = re.compile(r"running low on memory.*?was (\S+) used / (\S+) limit", re.S)
"""How Ray's memory monitor says that it has ended a worker."""


def read(
    log: str | Path | None, trial: str, notes: str | Path | None = None
) -> tuple[str, bool]:
    """One sentence about a trial's newest failure.

    A note of the watchdog comes first: Ray knows only that a process has died.
    It is removed, because the trial may go on.

    Args:
        log: Tune's log of the trial's failures; None if there is none.
        trial: Its name.
        notes: Folder with the trials' own folders; None looks for no note.

    Returns:
        The sentence, and whether another try would end the same.
    """
    hung = None if notes is None else watchdog.taken(Path(notes) / trial)
    if hung is not None:
        return hung, False
    text = newest(log)
    if lacking := MONITOR.search(text):
        used, limit = lacking.groups()
        return (
            f"out of memory: {used} of {limit} of the machine were in use, and the "
            "memory monitor of Ray ended the worker.",
            True,
        )
    return _last_exception(text), False


def newest(log: str | Path | None) -> str:
    """What Tune's log says of the newest failure; nothing if there is no log."""
    text = Path(log).read_text("utf-8") if log and Path(log).exists() else ""
    return FAILURE.split(text)[-1]


def _last_exception(text: str) -> str:
    """The line that names it, or the last line there is."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    lines = [line for line in lines if not line.startswith(NEVER_RAN)] or lines
    named = [line for line in lines if EXCEPTION.match(line)]
    said = named or lines
    return said[-1] if said else "The trial failed and left no message."
