"""A bank that serves many runs: their lanes advance together, on one device.

Every run has a thread of its own, with a `TrainRunner` that saves, restores and
reports exactly as it does alone. What touches the bank happens in one further
thread, `Together`: it trains the lanes that have asked, all of one stage at a
time. Nothing here knows Ray; `harness.cluster.banks` makes an actor of `BankServer`.
"""

import asyncio
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from cnets.training.bank import Bank
from cnets.training.epoch_report import Beat, EpochReport
from cnets.training.lanes.lane import Lane
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.definition.report import Report, failed
from harness.worker import guard, memory, process_bank, watchdog
from harness.worker.place import Place
from harness.worker.train_runner import TrainRunner


GRACE_SHARE, GRACE_LEAST_S, GRACE_MOST_S = 0.25, 0.1, 2.0
"""How long an epoch waits for lanes whose reports are with the driver: a share
of the epoch before, because a row of a stack costs the same without a lane."""

LEASE_S = 120.0
"""Silence between two calls after which a client counts as gone. Its lane is freed,
and filled again from its checkpoint should the client come all the same."""

ENDING_S = 60.0
"""How long a run that is taken up again waits for its own last epoch to end."""


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
            if wishes:
                self._epoch(wishes)
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


class _Hosted:
    """One client's run, in a thread of its own."""

    def __init__(self, job: Job, place: Together) -> None:
        self.job, self._place = job, place
        self._runner: TrainRunner | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=job.trial)
        self._freed = False
        self.ended: asyncio.Future[Report] | None = None

    def asked(self) -> asyncio.Future[Report]:
        """The next report, to be awaited."""
        self.ended = asyncio.wrap_future(self._thread.submit(self._advance))
        return self.ended

    def free(self) -> None:
        """Let go of the lane, now or when its epoch has ended."""
        self._freed = True
        self._thread.submit(self._drop)
        self._thread.shutdown(wait=False)

    def _drop(self) -> None:
        if self._runner is not None:
            self._place.forget(self._runner.lane)
        self._runner = None

    def _advance(self) -> Report:
        """The next epoch, or the failure of a run that needs too much memory."""
        where = guard.START
        try:
            if self._freed:
                raise RuntimeError(f"The lane of {self.job.trial} was freed.")
            if self._runner is None:
                self._runner = TrainRunner(self.job, self._place)
            lane = self._runner.lane
            where = f"in {lane.stage} epoch {lane.epoch + 1}"
            return self._runner.advance()
        except Exception as error:
            shortage = memory.shortage(error)
            if shortage is None:
                self._drop()
                raise
        self._drop()
        memory.give_back()  # here: in the clause above its frames are still held
        return failed(f"{shortage}, {where}.")


class BankServer:
    """A bank and its runs; each call of a client is a coroutine."""

    def __init__(self, data: DataChoice, device: str, rows: int, folder: str) -> None:
        """Hold no lane; the data are opened with the first one.

        Args:
            data: What all runs train on.
            device: Where they train.
            rows: Most lanes at once, and rows of every stack.
            folder: Where the watchdog leaves a note should the bank hang.
        """
        self._folder, self._calls = Path(folder), 0
        self._place = Together(lambda: process_bank.bank(data, device, rows), rows)
        self._lanes: dict[str, _Hosted | None] = {}
        self._seen_s: dict[str, float] = {}

    async def pid(self) -> int:
        """The number of its process."""
        return os.getpid()

    async def lanes(self) -> int:
        """How many clients it has; those that are gone are let go."""
        since_s = time.monotonic() - LEASE_S
        for token in [t for t, s in self._seen_s.items() if s < since_s]:
            await self.free(token)
        return len(self._lanes)

    async def reserve(self, token: str) -> None:
        """Keep a place for a client that will come."""
        self._lanes[token] = None
        self._seen_s[token] = time.monotonic()

    async def fill(self, token: str, job: Job) -> None:
        """Give a client's lane a run, which starts at its newest sound checkpoint.

        Whoever had the same run before is gone: its lane is freed first, and
        its epoch waited for, because both write to one folder.
        """
        twins = [
            (other, hosted)
            for other, hosted in self._lanes.items()
            if hosted is not None and hosted.job.checkpoints == job.checkpoints
        ]
        for other, hosted in twins:
            await self.free(other)
            if hosted.ended is not None:
                await asyncio.wait([hosted.ended], timeout=ENDING_S)
        self._lanes[token] = _Hosted(job, self._place)
        self._seen_s[token] = time.monotonic()

    async def advance(self, token: str) -> Report | None:
        """The next report of a client's lane; None if it has none, or none any more."""
        hosted = self._lanes.get(token)
        if hosted is None:
            return None
        self._seen_s[token] = math.inf
        if self._calls == 0:
            watchdog.PROCESS.busy(self._folder, hosted.job.hang_after_s)
        self._calls += 1
        try:
            return await hosted.asked()
        finally:
            self._calls -= 1
            if self._calls == 0:
                watchdog.PROCESS.idle()
            if self._lanes.get(token) is hosted:
                self._seen_s[token] = time.monotonic()

    async def free(self, token: str) -> None:
        """Empty a client's lane; nothing if it has none."""
        hosted = self._lanes.pop(token, None)
        self._seen_s.pop(token, None)
        if hosted is not None:
            hosted.free()

    async def probed(self, job: Job) -> tuple[int, str]:
        """How many lanes pay, and a sentence about it; see `lane_probe`."""
        from harness.worker.banks import lane_probe

        def probe() -> tuple[int, str]:
            bank = self._place.look(lambda: process_bank.bank(job.data, job.device))
            return self._place.look(lambda: lane_probe.probe(bank, job.config))

        return await asyncio.to_thread(probe)


def _settle(answer: Future[Any], function: Callable[[], Any]) -> None:
    """Give a question its answer, or the exception that it ended in."""
    try:
        answer.set_result(function())
    except BaseException as error:
        answer.set_exception(error)
