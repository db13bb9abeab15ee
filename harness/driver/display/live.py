"""What a person sees of a search that runs: a line, and a table on a terminal.

Everything goes to standard error. Where that is no terminal, a plain line is
printed when a trial ends and every half minute.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from harness.definition.report import Report
from harness.definition.terminal import printable
from harness.diagnosis import logs
from harness.driver.display.tally import Tally
from harness.driver.recording.tracked import Tracked
from results.format import schema


PLAIN_EVERY_S = 30.0
"""Longest silence where there is no terminal."""


class Live:
    """Shows the state of a search while it runs; a context manager."""

    def __init__(
        self,
        name: str,
        trials: Callable[[], Mapping[str, Tracked]],
        *,
        wanted: Callable[[], int],
        ratios: Sequence[float],
    ) -> None:
        """Show nothing yet.

        Args:
            name: Name of the search.
            trials: Gives all trials by name.
            wanted: Gives how many there will be.
            ratios: The labelled ratios, a row each.
        """
        self._name, self._trials = name, trials
        self._wanted = wanted
        self._console = _Console(stderr=True)
        self._started_s = self._printed_s = time.monotonic()
        self._tallies = {ratio: Tally() for ratio in ratios}
        self._before = 0
        self._lock = threading.Lock()  # the screen is drawn by a thread of its own
        self._screen: RichLive | None = None
        self._failed = False

    def __enter__(self) -> "Live":
        for trial in self._trials().values():
            self._note(trial)
        self._before = self._ended()
        if self._console.is_terminal:
            self._screen = RichLive(
                console=self._console, get_renderable=self._shown, refresh_per_second=2
            )
            self._screen.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._screen is not None:
            self._screen.__exit__(kind, error, trace)
        else:
            self.say(self.line())

    def __call__(self, trial: Tracked, report: Report | None) -> None:
        """Take note of an event; `report` may be None."""
        self._note(trial)
        name = trial.proposal.trial
        if report is None and trial.open and trial.attempt > 1 and trial.reason:
            self.say(f"{name} goes on after: {trial.reason}")
        for note in () if report is None else report.notes:
            self.say(f"{name}: {note}")
        waited_s = time.monotonic() - self._printed_s
        if self._screen is None and (not trial.open or waited_s > PLAIN_EVERY_S):
            self.say(self.line())

    def line(self) -> str:
        """One line: trials by state, and how long it will still take."""
        ended, states = self._ended(), Counter[str]()
        for tally in self._tallies.values():
            states += tally.states
        counts = ", ".join(f"{states[s]} {s}" for s in schema.STATES if states[s])
        best = "; ".join(
            f"{ratio:g}: {tally.best.objective_mm:.2f} mm"
            for ratio, tally in self._tallies.items()
            if tally.best is not None
        )
        parts = [f"{self._name}: {ended} of {self._wanted()} trials ended ({counts})"]
        if best:
            parts.append(f"best at {best}")
        return ", ".join([*parts, self._remaining(ended)])

    def _note(self, trial: Tracked) -> None:
        with self._lock:
            self._tallies[trial.proposal.ratio].note(trial)

    def _ended(self) -> int:
        return sum(tally.ended for tally in self._tallies.values())

    def _remaining(self, ended: int) -> str:
        """Time that is left, from the trials that ended since the start."""
        done = ended - self._before
        elapsed_s = time.monotonic() - self._started_s
        left = self._wanted() - ended
        if left <= 0:
            return f"{clock(elapsed_s)} in all"
        if not done:
            return f"{clock(elapsed_s)} so far"
        return f"{clock(elapsed_s / done * left)} to go"

    def _shown(self) -> Group | Text:
        """The table; an error would end the thread that draws, unseen."""
        try:
            return self._drawn()
        except Exception as error:
            said = f"The table cannot be drawn: {type(error).__name__}"
            if not self._failed:
                logs.LOGGER.exception(said)
            self._failed = True
            return Text(said)

    def _drawn(self) -> Group:
        table = Table()
        for column in ("ratio", "ended", "stopped", "best (mm)", "trial", "running"):
            right = column not in ("trial", "running")
            table.add_column(column, justify="right" if right else "left")
        with self._lock:
            for ratio in self._tallies:
                table.add_row(*self._row(ratio))
            line = self.line()
        return Group(table, Text(line, overflow="ellipsis", no_wrap=True))

    def _row(self, ratio: float) -> tuple[str, ...]:
        tally = self._tallies[ratio]
        running = ", ".join(
            f"{name} {trial.stage}".strip() for name, trial in tally.going.items()
        )
        shown, name = "-", "-"
        if tally.best is not None:
            shown, name = f"{tally.best.objective_mm:.2f}", tally.best.proposal.trial
        counts = (str(tally.ended), str(tally.states["stopped"]))
        return (f"{ratio:g}", *counts, shown, name, running or "-")

    def say(self, line: str) -> None:
        """Show a line, above the table on a terminal."""
        self._printed_s = time.monotonic()
        logs.LOGGER.info("%s", line)
        try:
            self._console.print(
                printable(line),
                markup=False,
                emoji=False,
                highlight=False,
                soft_wrap=True,
            )
        except OSError:  # the terminal has gone: the log has the line
            self._console.quiet = True


class _Console(Console):
    """One whose reader may go away: a search does not end for that."""

    def on_broken_pipe(self) -> None:
        """Say nothing any more; the log has what there is to say."""
        self.quiet = True


def clock(seconds: float) -> str:
    """A length of time for people, such as 1:05 or 2:00:09."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
