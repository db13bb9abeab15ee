"""A policy that starts nothing new while its store has trouble."""

import time
from collections.abc import Mapping
from typing import Any

from harness.definition.trial import Decision, Proposal
from harness.driver.deciding.policy import Policy
from harness.driver.recording.patient_writer import Say, Sleep, wait
from results import Writer


class Patient(Policy):
    """A policy that starts nothing new while its store has trouble."""

    def __init__(
        self, policy: Policy, writer: Writer, say: Say, sleep: Sleep = time.sleep
    ) -> None:
        """Do what `policy` does, when `writer` is well."""
        self._policy, self._writer = policy, writer
        self._say, self._sleep = say, sleep

    def propose(self) -> Proposal | None:
        """The next trial, once the store can be written."""
        wait(lambda: self._writer.trouble, self._say, self._sleep)
        return self._policy.propose()

    def report(self, trial: str, result: Mapping[str, Any]) -> Decision:
        """What the policy says."""
        return self._policy.report(trial, result)

    def retried(self, trial: str, message: str) -> None:
        """Tell the policy."""
        self._policy.retried(trial, message)

    def crashed(self, trial: str, message: str) -> None:
        """Tell the policy."""
        self._policy.crashed(trial, message)
