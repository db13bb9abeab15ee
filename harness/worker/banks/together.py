"""The thread of a bank: it trains the lanes that have asked, all of one stage at a time."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import torch

from cnets.training.bank import Bank
from cnets.training.epoch_report import Beat, EpochReport
from cnets.training.lanes.lane import Lane
from harness.worker import memory
from harness.worker.place import Place


GRACE_SHARE, GRACE_LEAST_S, GRACE_MOST_S = 0.25, 0.1, 2.0
"""How long an epoch waits for lanes whose reports are with the driver: a share
of the epoch before, because a row of a stack costs the same without a lane."""


@dataclass(eq=False)
class _Wish:
    """A lane whose client waits for its next report."""

    lane: Lane
    beat: Beat
    report: Future[EpochReport] = field(default_factory=Future)


class Together(Place):
    """Trains all lanes that have asked, in a thread of its own."""

    def __init__(self, open_bank: Callable[[], Bank], rows: int) -> None:
        """Start the thread; the bank is opened when it is first needed.

        Args:
            open_bank: Gives the bank, the same at every call.
            rows: Most lanes that advance at once.
        """
        self._open, self._rows = open_bank, rows
        self._change = threading.Condition()
        self._wishes: list[_Wish] = []
        self._questions: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._away: list[tuple[Lane, float]] = []
        self._closed = self._working = False
        self.sizes: deque[int] = deque(maxlen=1000)
        """How many lanes advanced in each of the last epochs."""
        threading.Thread(target=self._run, name="bank", daemon=True).start()

    @property
    def bank(self) -> Bank:
        """The bank, opened by its own thread.

        Raises:
            ValueError: If the data cannot be opened.
        """
        return self.look(self._open)

    def train(self, lane: Lane, beat: Beat) -> EpochReport:
        """One epoch of a lane, with those of the others; waits for it."""
        wish = _Wish(lane, beat)
        with self._change:
            self._away = [(k, until_s) for k, until_s in self._away if k is not lane]
            self._wishes.append(wish)
            self._change.notify_all()
        return wish.report.result()

    def look(self, function: Callable[[], Any]) -> Any:
        """What a function of the bank gives, asked between two epochs."""
        answer: Future[Any] = Future()
        with self._change:
            self._questions.append((function, answer))
            self._change.notify_all()
        return answer.result()

    def waits(self, where: str) -> None:
        """A sign of life while the bank itself has nothing to do.

        Else a run that waits would hide that the one it waits for hangs.
        """
        if not self._working:
            super().waits(where)

    def forget(self, lane: Lane) -> None:
        """Wait no more for a lane whose client is gone."""
        with self._change:
            self._away = [(k, until_s) for k, until_s in self._away if k is not lane]
            self._change.notify_all()

    def close(self) -> None:
        """End the thread after what it does."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _run(self) -> None:
        torch.set_num_threads(1)  # sums depend on the number of threads
        while True:
            with self._change:
                while not (self._closed or self._questions or self._ready()):
                    self._change.wait(self._rest_s())
                if self._closed:
                    return
                asked = list(self._questions)
                self._questions.clear()
                wishes = [] if asked else self._taken()
            self._working = True
            for function, answer in asked:
                _settle(answer, function)
            try:
                if wishes:
                    self._epoch(wishes)
            except BaseException as error:  # else all who wait would wait for ever
                for wish in wishes:
                    if not wish.report.done():
                        wish.report.set_exception(error)
            self._working = False

    def _rest_s(self) -> float | None:
        """Time until the lanes that are away are waited for no more."""
        if not self._wishes:
            return None
        stage = self._wishes[0].lane.stage
        until_s = [t for lane, t in self._away if lane.stage == stage]
        return max(0.0, max(until_s, default=0.0) - time.monotonic())

    def _ready(self) -> bool:
        """Whether the oldest wish has company enough."""
        wanted = min(self._rows, len(self._wishes))
        alike = {wish.lane.stage for wish in self._wishes[:wanted]}
        full = len(self._wishes) >= self._rows and len(alike) == 1
        return bool(self._wishes) and (full or self._rest_s() == 0.0)

    def _taken(self) -> list[_Wish]:
        """The oldest wish, and the others of its stage."""
        stage = self._wishes[0].lane.stage
        taken = [w for w in self._wishes if w.lane.stage == stage][: self._rows]
        self._wishes = [wish for wish in self._wishes if wish not in taken]
        now_s = time.monotonic()
        self._away = [(lane, t) for lane, t in self._away if t > now_s]
        return taken

    def _epoch(self, wishes: Sequence[_Wish]) -> None:
        """Train the lanes; one that fails leaves the others as they were."""
        start_s = time.monotonic()
        places = [(w.lane.stage, w.lane.epoch) for w in wishes]
        found: list[EpochReport | Exception]
        try:
            found = list(self._advanced(wishes))
        except Exception as error:
            found = [error] * len(wishes)
        if len(wishes) > 1 and isinstance(found[0], Exception):
            memory.give_back()
            found = [
                self._alone(wish)
                if (wish.lane.stage, wish.lane.epoch) == place
                else failure  # it has moved on and its report is lost
                for wish, place, failure in zip(wishes, places, found, strict=True)
            ]
        took_s = time.monotonic() - start_s
        self.sizes.append(len(wishes))
        grace_s = min(max(GRACE_SHARE * took_s, GRACE_LEAST_S), GRACE_MOST_S)
        with self._change:
            until_s = time.monotonic() + grace_s
            self._away += [
                (wish.lane, until_s)
                for wish, report in zip(wishes, found, strict=True)
                if isinstance(report, EpochReport) and not report.last
            ]
        for wish, report in zip(wishes, found, strict=True):
            if isinstance(report, Exception):
                wish.report.set_exception(report)
            else:
                wish.report.set_result(report)

    def _advanced(self, wishes: Sequence[_Wish]) -> list[EpochReport]:
        def beat() -> None:
            for wish in wishes:
                wish.beat()

        return self._open().advance([wish.lane for wish in wishes], beat)

    def _alone(self, wish: _Wish) -> EpochReport | Exception:
        """A lane's own outcome, after an epoch with others has failed."""
        try:
            return self._advanced([wish])[0]
        except Exception as error:
            return error


def _settle(answer: Future[Any], function: Callable[[], Any]) -> None:
    """Give a question its answer, or the exception that it ended in."""
    try:
        answer.set_result(function())
    except BaseException as error:
        answer.set_exception(error)
