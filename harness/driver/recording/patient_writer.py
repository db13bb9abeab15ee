"""Waiting for a store that cannot be written, instead of failing or losing rows.

Rows that the journal of a `Writer` does not take are offered again until they are
taken. Trials that run go on to their next report and wait there. Ctrl-C ends it.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from results import StorageError, Writer


ASK_EVERY_S = 0.5
"""Time between two questions whether it works again."""


TELL_EVERY_S = 30.0
"""Time between two messages about the same trouble."""


Say = Callable[[str], None]
"""Shows one line to whoever watches the search."""


Sleep = Callable[[float], None]
"""Waits some seconds, or raises if the search is to end."""


def wait(trouble: Callable[[], str | None], say: Say, sleep: Sleep) -> None:
    """Return when there is no trouble any more; say what is the matter meanwhile.

    Args:
        trouble: One sentence on what is wrong, or None.
        say: Shows it.
        sleep: Waits until the next question.
    """
    told_s: float | None = None
    while (what := trouble()) is not None:
        if told_s is None or time.monotonic() - told_s >= TELL_EVERY_S:
            say(f"Paused, and goes on by itself: {what}")
            told_s = time.monotonic()
        sleep(ASK_EVERY_S)
    if told_s is not None:
        say("The store can be written again; the search goes on.")


class PatientWriter:
    """A writer whose rows are taken in the end."""

    def __init__(self, writer: Writer, say: Say, sleep: Sleep = time.sleep) -> None:
        """Write through `writer`, which stays the caller's to close."""
        self._writer, self._say, self._sleep = writer, say, sleep

    def append(self, table: str, row: Mapping[str, Any]) -> int:
        """See `Writer.append`."""
        return self.append_many([(table, row)])[0]

    def append_many(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[int]:
        """See `Writer.append_many`; returns when the rows are durable."""
        wanted = list(rows)
        done: list[int] = []

        def trouble() -> str | None:
            try:
                done.extend(self._writer.append_many(wanted))
            except StorageError as error:
                return str(error)
            return None

        wait(trouble, self._say, self._sleep)
        return done
