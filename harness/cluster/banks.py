"""Where the trials of a search run: processes of their own, or lanes of banks.

`Keeper` is an actor of the driver's that makes banks and makes a new one for one
that has died; banks end with it, and it ends with the driver, so nothing is left
behind.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError

from cnets.config import TrainConfig
from harness.cluster.lane_client import CLIENT_CPUS, LaneRunner, keeper_name
from harness.definition.job import Plan
from harness.definition.options import SearchOptions
from harness.worker import watchdog
from harness.worker.banks.bank_server import BankServer
from harness.worker.runner import Runner
from harness.worker.train_runner import TrainRunner


@dataclass(frozen=True, kw_only=True)
class Seats:
    """Where the trials of a search run."""

    slots: int
    """Trials at once."""
    runner: type[Runner]
    """What trains a job there."""
    resources: Mapping[str, float] | None = None
    """What a trial occupies; None is a core or a GPU of its own."""
    sentence: str = ""
    """What there is to tell about it."""


@contextlib.contextmanager
def seats(
    plan: Plan,
    base: TrainConfig,
    options: SearchOptions,
    runner: type[Runner],
    *,
    devices: int,
    where: Mapping[str, str] | None = None,
) -> Iterator[Seats]:
    """Processes of their own for one lane each, or banks where there are more.

    Args:
        plan: What the jobs of the search have in common.
        base: What its proposals change.
        options: Its `lanes` and `concurrency`.
        runner: What trains a job; banks only take the place of `TrainRunner`.
        devices: Cores or GPUs; if `concurrency` is set, just that.
        where: Labels of the nodes that banks may be on; None takes any.
    """
    on_gpu = plan.device == "cuda"
    lanes = options.lanes or ("auto" if on_gpu else 1)
    if lanes == "auto" and not on_gpu:
        lanes = 1  # four lanes on a core cost what four runs cost
    if runner is not TrainRunner or lanes == 1:
        yield Seats(slots=devices, runner=runner)
        return
    have = int(ray.cluster_resources().get("GPU" if on_gpu else "CPU", 1))
    with opened(
        plan,
        base,
        lanes,
        devices=max(have, 1),
        concurrency=options.concurrency,
        where=where,
    ) as found:
        yield found


@contextlib.contextmanager
def opened(
    plan: Plan,
    base: TrainConfig,
    lanes: int | str,
    *,
    devices: int,
    concurrency: int | None,
    where: Mapping[str, str] | None = None,
) -> Iterator[Seats]:
    """Banks on the cluster that is connected, gone at the end.

    Args:
        plan: What the jobs of the search have in common.
        base: What is probed.
        lanes: Lanes of each bank, or `auto` for what a probe finds.
        devices: Most banks.
        concurrency: Most trials at once; None takes every lane.
        where: Labels of the nodes that banks may be on; None takes any.
    """
    sentence = f"{lanes} lanes a bank"
    if isinstance(lanes, str):
        rows, sentence = _probed(plan, base, where)
    else:
        rows = lanes
    slots = concurrency or devices * rows
    banks = min(devices, ceil(slots / rows))
    keeper: Any = ray.remote(Keeper).options(name=keeper_name(plan.search), num_cpus=0)
    keeper = keeper.remote(plan, banks, rows, where)
    try:
        yield Seats(
            slots=min(slots, banks * rows),
            runner=LaneRunner,
            resources={"cpu": CLIENT_CPUS},
            sentence=f"{sentence}, {banks} on {plan.device}",
        )
    finally:
        with contextlib.suppress(RayActorError):
            ray.kill(keeper)


class Keeper:
    """Makes the banks of a search, and says who goes where."""

    def __init__(
        self,
        plan: Plan,
        banks: int,
        rows: int,
        where: Mapping[str, str] | None = None,
    ) -> None:
        """Make no bank yet.

        Args:
            plan: What the jobs have in common.
            banks: How many there are to be, one a device.
            rows: Lanes of each.
            where: Labels of the nodes that they may be on; None takes any.
        """
        self._plan, self._rows, self._where = plan, rows, where
        self._banks: list[Any] = [None] * banks
        self._lives = [0] * banks
        self._why: dict[tuple[int, int], str] = {}

    def place(self, token: str) -> tuple[Any, int, int]:
        """The bank with the fewest lanes, with a place kept for a client.

        Returns:
            The actor, its number, and how many were there before it.
        """
        while True:
            counts = [self._lanes(number) for number in range(len(self._banks))]
            number = counts.index(min(counts))
            bank = self._banks[number] or self._made(number)
            try:
                ray.get(bank.reserve.remote(token))
            except RayActorError:
                self.lost(number, self._lives[number])
                continue
            return bank, number, self._lives[number]

    def lost(self, number: int, life: int) -> str:
        """Why a bank has died; the next one to ask for it gets a new one."""
        if life == self._lives[number]:
            folder = self._folder(number)
            why = watchdog.taken(folder)
            with contextlib.suppress(OSError):
                folder.rmdir()
            self._why[number, life] = why or "its process has ended"
            self._banks[number] = None
            self._lives[number] += 1
        return self._why[number, life]

    def banks(self) -> list[Any]:
        """The actors that there are."""
        return [bank for bank in self._banks if bank is not None]

    def _lanes(self, number: int) -> int:
        """How many clients a bank has; none if there is no such bank."""
        if self._banks[number] is None:
            return 0
        try:
            return ray.get(self._banks[number].lanes.remote())
        except RayActorError:
            self.lost(number, self._lives[number])
            return 0

    def _made(self, number: int) -> Any:
        plan = self._plan
        bank = _actor(plan, self._rows, self._folder(number), self._where)
        self._banks[number] = bank
        return bank

    def _folder(self, number: int) -> Path:
        return Path(self._plan.checkpoints) / f".bank-{number}"


def _probed(
    plan: Plan, base: TrainConfig, where: Mapping[str, str] | None
) -> tuple[int, str]:
    """What the probe says of a bank that is there for its length only."""
    bank = _actor(plan, 1, Path(plan.checkpoints) / ".bank-probe", where)
    try:
        return ray.get(bank.probed.remote(plan.job("t-00000", base)))
    finally:
        ray.kill(bank)


def _actor(plan: Plan, rows: int, folder: Path, where: Mapping[str, str] | None) -> Any:
    """A new bank as an actor, which ends with whoever makes it."""
    options = {
        "num_cpus": max(0.1, round(1 - rows * CLIENT_CPUS, 2)),
        "num_gpus": 1 if plan.device == "cuda" else 0,
        "max_restarts": 0,
    } | ({} if where is None else {"label_selector": dict(where)})
    made: Any = ray.remote(BankServer).options(**options)
    return made.remote(plan.data, plan.device, rows, str(folder))
