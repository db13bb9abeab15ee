"""The thread of a writer: it works every few seconds until it is closed.

What the work is, is said by the writer; here is only when it is done, that a failure
of the store is tried again, and that any other error ends the thread but not unseen.
"""

import logging
import threading
from collections.abc import Callable

from results.format.storage import StorageError


FLUSH_S = 2.0
"""Longest time a row waits for its segment."""

AGAIN_S = 0.5
"""Time until a store that could not be written is tried again."""

_LOGGER = logging.getLogger("crossnets.store")


class Background:
    """A thread that does the same work again and again."""

    def __init__(
        self, name: str, work: Callable[[], bool], is_troubled: Callable[[], bool]
    ) -> None:
        """Start the thread.

        Args:
            name: Name of the thread.
            work: What it does; gives whether to go on.
            is_troubled: Whether the last work failed, so that the next comes soon.
        """
        self.failure: Exception | None = None
        """What nobody foresaw, as it was raised; then the thread works no more."""
        self._work, self._is_troubled = work, is_troubled
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Let it work now."""
        self._wake.set()

    def close(self) -> None:
        """Ask the thread to end after the work at hand; `join` waits for it."""
        self._closing.set()
        self._wake.set()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        """Work until closed; what fails is tried again at the next turn."""
        while not self._closing.is_set():
            self._wake.wait(AGAIN_S if self._is_troubled() else FLUSH_S)
            self._wake.clear()
            try:
                if not self._work():
                    return
            except StorageError:
                self._closing.wait(AGAIN_S)  # the writer's `trouble` says why
            except Exception as error:
                _LOGGER.exception("The thread that writes the store has ended")
                self.failure = error
                return
