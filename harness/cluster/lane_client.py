"""The runner of a trial whose lane is in a bank: it waits for the bank's reports.

Who makes the banks is in `banks.py`.

What was found in ray 2.60 and is relied on: calls that a worker makes outside its
own calls, in a thread or at its exit, have the same task ids in every worker of a
job, and an actor that has two of one id at once ends its process (core_worker.cc,
`erased == 1`). So a bank is called from within a step, a reset or a clean-up only.
"""

import contextlib
import uuid
import weakref
from typing import Any

import ray
from ray.exceptions import RayActorError

from harness.definition.job import Job
from harness.definition.report import Report
from harness.worker import watchdog
from harness.worker.runner import Runner


CLIENT_CPUS = 0.01
"""What a client takes of a core; a bank takes what its clients leave."""

WAIT_S = 1.0
"""Time between two beats of a client that waits."""


class LaneRunner(Runner):
    """Waits for the reports of its lane in a bank."""

    def __init__(self, job: Job) -> None:
        """Take a place in a bank; the run starts with the first `advance`."""
        super().__init__(job)
        self._token = f"{job.trial}-{uuid.uuid4().hex}"
        self._keeper = ray.get_actor(keeper_name(job.search))
        self._leave = weakref.finalize(self, str)
        self._fill()

    def advance(self) -> Report:
        """The lane's next report.

        Raises:
            RuntimeError: If the bank has died; the run goes on in another.
        """
        report = self._told(self._bank.advance.remote(self._token))
        if report is None:  # the driver has kept us waiting, and the lane was freed
            self._fill()
            report = self._told(self._bank.advance.remote(self._token))
        assert report is not None
        return report

    def _fill(self) -> None:
        """Take a place in a bank, for the run as its checkpoints know it."""
        self._bank, *self._which = _awaited(self._keeper.place.remote(self._token))
        self._told(self._bank.fill.remote(self._token, self.job))
        self._leave.detach()
        self._leave = weakref.finalize(self, _left, self._bank, self._token)
        self._leave.atexit = False

    def _told(self, answer: Any) -> Any:
        try:
            return _awaited(answer)
        except RayActorError:
            why = ray.get(self._keeper.lost.remote(*self._which))
        raise RuntimeError(f"the bank of this lane was lost: {why}.")


def keeper_name(search: str) -> str:
    """The keeper's name in Ray, of this driver's own name space."""
    return f"crossnets-banks-{search}"


def _awaited(answer: Any) -> Any:
    """An actor's answer; the client's own watchdog hears that it only waits."""
    while not ray.wait([answer], timeout=WAIT_S)[0]:
        watchdog.PROCESS.beat()
    return ray.get(answer)


def _left(bank: Any, token: str) -> None:
    """Free a lane whose client has no use for it."""
    with contextlib.suppress(Exception):  # also while the process ends
        bank.free.remote(token)
