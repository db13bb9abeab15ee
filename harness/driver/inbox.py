"""What the driver of a search is asked for while it runs, and what it says to that.

Every wish is looked at in the loop of the driver, between two calls of its policy. A
store that cannot be read or written now is asked again later.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from cnets import suggestions
from harness.diagnosis import logs
from harness.driver.deciding.policy import Policy
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.signals import Signals
from results import StorageError, Store, Writer
from results.writing import requests


LOOK_EVERY_S = 1.0
"""Time between two looks for wishes."""

STOP, CANCEL, TRIALS = "stop", "cancel", "trials"
"""What can be asked for: the end of the search, that of a trial, another number."""


class Inbox:
    """The wishes to one driver."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        *,
        policy: Callable[[], Policy],
        signals: Signals,
        say: Callable[[str], None],
    ) -> None:
        """Remove what earlier drivers were asked for.

        Args:
            store: The store.
            writer: The driver's.
            policy: Gives what is to follow; only a `SearchPolicy` can do all of it.
            signals: End the search in order, as Ctrl-C does.
            say: Shows a line.
        """
        self._store, self._search = store, writer.search
        self._driver_epoch = writer.driver_epoch
        self._policy, self._signals, self._say = policy, signals, say
        self._looked_s = -LOOK_EVERY_S
        self._seen: set[str] = set()
        requests.clear(store.storage, writer.search, writer.driver_epoch)

    def look(self, *, only_stop: bool = False) -> None:
        """Carry out what was asked for since the last look, at most once a second.

        Args:
            only_stop: Whether all but the end of the search has to wait, as a call
                of the policy is under way.
        """
        if time.monotonic() - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = time.monotonic()
        storage = self._store.storage
        with contextlib.suppress(StorageError):
            for request in requests.pending(storage, self._search, self._driver_epoch):
                if request not in self._seen:
                    self._take(request, only_stop=only_stop)

    def sleep(self, seconds: float) -> None:
        """Wait inside a call of the policy, but not on when the search is to end."""
        self.look(only_stop=True)
        self._signals.sleep(seconds)

    def close(self) -> None:
        """Answer what came too late."""
        storage = self._store.storage
        with contextlib.suppress(StorageError):
            for request in requests.pending(storage, self._search, self._driver_epoch):
                self._answer(request, f"{self._search} has ended meanwhile.")

    def _take(self, request: str, *, only_stop: bool) -> None:
        try:
            wish = requests.wish_of(self._store.storage, request)
        except FileNotFoundError:  # withdrawn
            return
        except StorageError as error:
            self._seen.add(request)
            logs.LOGGER.warning("A request cannot be read: %s", error)
            return
        if only_stop and wish.get("kind") != STOP:
            return
        self._seen.add(request)
        try:
            sentence, is_refused = self._carried_out(wish), False
        except (ValueError, StorageError) as error:
            sentence, is_refused = str(error), True
        self._answer(request, sentence, is_refused=is_refused)

    def _answer(self, request: str, sentence: str, *, is_refused: bool = False) -> None:
        said = {"sentence": sentence, "is_refused": is_refused}
        with contextlib.suppress(StorageError):
            requests.answer(self._store.storage, request, said)

    def _carried_out(self, wish: Mapping[str, Any]) -> str:
        """Do what is wished; returns what was done."""
        kind, by = wish.get("kind"), wish.get("by")
        if kind == STOP:
            self._say(f"{self._search} was asked to stop by {by}.")
            self._signals.interrupt()
            return f"{self._search} ends now; the same `search` command goes on."
        policy = self._policy()
        if not isinstance(policy, SearchPolicy):
            raise ValueError(
                f"`name` must be a search whose trials run, and {self._search} runs "
                "its finals."
            )
        if kind == CANCEL:
            return self._cancel(policy, str(wish.get("trial")), by)
        return self._resize(policy, wish.get("trials"), by)

    def _cancel(self, policy: SearchPolicy, trial: str, by: Any) -> str:
        if trial not in policy.trials:
            near = suggestions.nearest(trial, [*policy.trials][-20:])
            raise ValueError(
                f"`trial` must be one of {self._search}, got {trial!r}{near}"
            )
        if policy.cancel(trial, f"`crossnets stop` ended it, asked by {by}."):
            return f"{trial} is cancelled; its worker ends at its next report."
        return f"{trial} had ended already: {policy.trials[trial].state}."

    def _resize(self, policy: SearchPolicy, trials: Any, by: Any) -> str:
        if not isinstance(trials, int) or isinstance(trials, bool) or not trials >= 1:
            raise ValueError(f"`trials` must be 1 or more, got {trials!r}.")
        before = policy.wanted
        if before is None:
            raise ValueError(
                f"`name` must be a search that counts its trials, and {self._search} has a "
                "budget: the same `search` command with another --budget extends it."
            )
        self._store.want(self._search, trials)
        policy.want(trials)
        done = f"{self._search} has {trials} trials now ({before} before)"
        if policy.is_exhausted:
            done = f"{done}, of which its space has only {policy.total}"
        elif policy.total > trials:
            done = f"{done}; the {policy.total} that were begun run to their ends"
        self._say(f"{done}, asked by {by}.")
        return f"{done}."
