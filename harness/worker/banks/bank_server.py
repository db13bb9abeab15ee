"""A bank that serves many runs, each with a thread of its own.

Every run is a `TrainRunner` that saves, restores and reports exactly as it does
alone. What touches the bank happens in one further thread, `Together`. Nothing here
knows Ray; `harness.cluster.banks` makes an actor of `BankServer`.
"""

import asyncio
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.definition.report import Report, failed
from harness.worker import guard, memory, process_bank, watchdog
from harness.worker.banks.together import Together
from harness.worker.train_runner import TrainRunner


LEASE_S = 120.0
"""Silence between two calls after which a client counts as gone. Its lane is freed,
and filled again from its checkpoint should the client come all the same."""

ENDING_S = 60.0
"""How long a run that is taken up again waits for its own last epoch to end."""


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
