"""What a person sees of a search that runs: a bar, how far each ratio is, what runs.

Everything goes to standard error. Where that is no terminal, a plain line is
printed when a trial ends and every half minute. Nothing is cut: what does not fit a
line goes on below it.
"""

import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from rich.cells import cell_len
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cnets.training.health import advice
from harness.definition.report import Report
from harness.driver.display import time_left
from harness.driver.display.screen import Screen, clock
from harness.driver.display.tally import Tally, share_done
from harness.driver.recording.tracked import Tracked
from results.format import schema


PLAIN_EVERY_S = 30.0
"""Longest silence where there is no terminal."""

LEAST_BAR = 16
"""Characters of a bar that is worth a place beside the counts."""

NAMED = 6
"""Trials of a ratio that are named while they run."""

FIRST = "waiting for the first epoch"
"""What is said before anything has been trained."""


class Live:
    """Shows the state of a search while it runs; a context manager."""

    def __init__(
        self,
        name: str,
        trials: Callable[[], Mapping[str, Tracked]],
        *,
        wanted: Callable[[], int],
        ratios: Sequence[float],
        noun: str = "trials",
        budget: Callable[[], float] | None = None,
        limit: str = "",
        screen: Screen | None = None,
    ) -> None:
        """Show nothing yet.

        Args:
            name: Name of the search.
            trials: Gives all trials by name.
            wanted: Gives how many there will be.
            ratios: The labelled ratios, a row each.
            noun: What is counted: `trials` or `runs`.
            budget: Gives the full trainings that all may cost together, infinite as
                long as that is not known; None where trials are counted.
            limit: What bounds a search whose full trainings are not known.
            screen: Where to draw, if something is drawn there already; None makes one
                for as long as the context lasts.
        """
        self._name, self._trials = name, trials
        self._wanted, self._noun = wanted, noun
        self._budget, self._limit, self._is_over = budget, limit, False
        self._screen, self._is_own = screen or Screen(name), screen is None
        self._tallies = {ratio: Tally() for ratio in ratios}
        self._advised: set[str] = set()
        self._lock = threading.Lock()  # the screen is drawn by a thread of its own
        self._first_s: float | None = None  # when the first epoch began
        self._has_end = False  # one ended, if without an epoch: tested, or crashed

    def __enter__(self) -> "Live":
        for trial in self._trials().values():
            self._note(trial)
        if self._is_own:
            self._screen.__enter__()
        self._screen.show(self._drawn)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over = True
        if self._screen.console.is_terminal:
            self._screen.leave(self._drawn())
        else:
            self.say(self.line())
        if self._is_own:
            self._screen.__exit__(kind, error, trace)

    def __call__(self, trial: Tracked, report: Report | None) -> None:
        """Take note of an event; `report` may be None."""
        if report is not None and self._first_s is None:
            self._first_s = time.monotonic() - report.seconds
        self._has_end = self._has_end or not trial.open
        self._note(trial)
        name = trial.proposal.trial
        if report is None and trial.open and trial.attempt > 1 and trial.reason:
            self.say(f"{name} goes on after: {trial.reason}")
        for note in () if report is None else report.notes:
            self.say(f"{name}: {note}")
        if report is not None:
            self._advise(name, report)
        waited_s = time.monotonic() - self._screen.printed_s
        plain = not self._screen.console.is_terminal
        if plain and (not trial.open or waited_s > PLAIN_EVERY_S):
            self.say(self.line())

    def _advise(self, name: str, report: Report) -> None:
        """Say what a person may want to change, once a search for each figure."""
        found = advice.of_figures(report.metrics | report.health)
        for figure in found.keys() - self._advised:
            self._advised.add(figure)
            self.say(f"{name}: {found[figure]}")

    def line(self) -> str:
        """One line: how many have ended, for how long it goes on, and the best."""
        best = "; ".join(
            f"{ratio:g}: {_best(tally.best)}"
            for ratio, tally in self._tallies.items()
            if tally.best is not None
        )
        line = f"{self._name}: {self._counts()} ({self._states()})"
        return f"{line}, best at {best}" if best else line

    def say(self, line: str) -> None:
        """Show a line, above what is drawn on a terminal."""
        self._screen.say(line)

    def _note(self, trial: Tracked) -> None:
        with self._lock:
            self._tallies[trial.proposal.ratio].note(trial)

    def _counts(self) -> str:
        """Such as `5/12 trials, 0:21, about 0:35 left`; with a budget its trainings."""
        ended = sum(tally.ended for tally in self._tallies.values())
        passed = clock(self._screen.elapsed_s)
        if self._budget is None:
            head = f"{ended}/{self._wanted()} {self._noun}, {passed}"
            is_over = ended >= self._wanted()
        else:
            done = sum(tally.lengths for tally in self._tallies.values())
            most = self._trainings()
            whole = f" of {self._limit}" if most is None else f"/{most:.1f}"
            head = f"{done:.1f}{whole} trainings, {passed}"
            is_over = self._is_over
        return f"{head}{' in all' if is_over else self._remaining()}"

    def _trainings(self) -> float | None:
        """Full trainings that all may cost; None if they are not counted, or not yet."""
        most = math.inf if self._budget is None else self._budget()
        return most if math.isfinite(most) else None

    def _remaining(self) -> str:
        """How long it goes on, by what was trained since the first epoch."""
        if self._first_s is None:
            return "" if self._has_end else f", {FIRST}"
        most = self._trainings()
        if self._budget is not None and most is None:
            return ""
        work = time_left.work(self._tallies.values(), self._wanted(), most)
        if work.left_s is None or not work.spent_s > 0:
            return ""
        at_once = work.spent_s / (time.monotonic() - self._first_s)
        return f", {time_left.in_words(work.left_s / at_once)}"

    def _states(self) -> str:
        states = Counter[str]()
        for tally in self._tallies.values():
            states += tally.states
        counts = (f"{states[s]} {s}" for s in schema.STATES if states[s])
        return ", ".join(counts) or "none begun"

    def _drawn(self) -> Group:
        """The bar, then a row or two for each ratio."""
        rows = Table.grid(padding=(0, 2, 0, 0))
        rows.add_column(no_wrap=True)
        rows.add_column(overflow="fold")
        with self._lock:
            for ratio, tally in self._tallies.items():
                heads = (f"ratio {ratio:g}", "")
                for head, text in zip(heads, _rows(tally), strict=False):
                    rows.add_row(Text(head), Text(text))
            return Group(self._bar(), Text(self._states()), rows)

    def _bar(self) -> Group | Table:
        """The bar beside the name and the counts; where there is no room, below."""
        name, counts = Text(self._name), Text(self._counts())
        width = self._screen.console.width
        free = width - cell_len(name.plain) - cell_len(counts.plain) - 2
        most = self._trainings()
        work = time_left.work(self._tallies.values(), self._wanted(), most)
        bar = ProgressBar(
            total=max(work.done + work.left, 1e-9),
            completed=work.done,
            width=min(free if free >= LEAST_BAR else width, 40),
        )
        line = Table.grid(padding=(0, 1, 0, 0))  # a bar alone ends no line
        if free < LEAST_BAR:
            line.add_row(bar)
            return Group(Text(f"{name}: {counts}"), line)
        line.add_row(name, bar, counts)
        return line


def _rows(tally: Tally) -> list[str]:
    """The best trial of a ratio and how many have ended, then what runs."""
    stand = []
    if tally.best is not None:
        stand.append(f"best {_best(tally.best)}, {tally.best.proposal.trial}")
    waiting = tally.states["paused"]
    if ended := tally.ended - waiting:
        stand.append(f"{ended} ended")
    if waiting:
        stand.append(f"{waiting} waiting")
    going = [
        f"{name} {trial.stage}".strip()
        for name, trial in itertools.islice(tally.going.items(), NAMED)
    ]
    if len(tally.going) > NAMED:
        going.append(f"{len(tally.going) - NAMED} more")
    return [text for text in ("; ".join(stand), ", ".join(going)) if text]


def _best(trial: Tracked | None) -> str:
    """An error, with its epoch where the trial was not trained in full."""
    assert trial is not None
    error = f"{trial.objective_mm:.2f} mm"
    if share_done(trial) == 1:
        return error
    return f"{error} (epoch {trial.step} of {trial.proposal.config.joint.epochs})"
