"""SIGINT, SIGTERM and SIGHUP as a KeyboardInterrupt, but never inside a half-done step.

A policy that is told of a result stores it and then changes its mind; between the
two an interruption would leave them apart. So policy calls are shielded, by
`harness.cluster.tune_adapters`: a signal that comes inside one is raised at its end.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator


WANTED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, how Slurm, Kubernetes and `kill` ask a process to end, and a terminal that
closes. What is ignored, as after `nohup`, stays ignored."""


class Signals:
    """Where an interruption may strike; see `caught`."""

    def __init__(self) -> None:
        """Nothing is shielded and nothing has come."""
        self._shields = 0
        self._come = False

    def handle(self, number: int, frame: object) -> None:
        """Interrupt now, or at the end of the shielded part."""
        del number, frame
        self._come = True
        if not self._shields:
            self.check()

    def interrupt(self) -> None:
        """Interrupt at the end of the shielded part, or at the next check."""
        self._come = True

    def check(self) -> None:
        """Interrupt if a signal has come, also inside a shielded part.

        It interrupts again and again, because an exception that is raised in a
        callback of Ray's, or when an object is deleted, gets lost.
        """
        if self._come:
            raise KeyboardInterrupt

    def sleep(self, seconds: float) -> None:
        """Wait, but not on when a signal comes."""
        time.sleep(seconds)
        self.check()

    @contextlib.contextmanager
    def shield(self) -> Iterator[None]:
        """A part that signals do not cut off."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        if not self._shields:
            self.check()


@contextlib.contextmanager
def caught() -> Iterator[Signals]:
    """Signals as `KeyboardInterrupt` for a while; what was set before comes back.

    Outside the main thread Python takes no signals, and nothing is set.
    """
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    heard = [n for n in WANTED if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, signals.handle) for number in heard}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
