"""The rungs of one labelled ratio, at which trials wait and are compared.

A trial enters a rung with its first value at or after the rung's epoch and stays in
it: the rung knows all that ever reached it. Its rank is its place by value among
them; of equal values the one proposed first is ahead, so ranks are all different.
Trials that failed are taken out, as if they had never been there.

The best one in `eta` may go on, rounded down. A search also lets the only one that
has reached a rung go on: its first trial is trained to its end, and the search has
something to show where early values tell nothing.
"""

import bisect
import math
from dataclasses import dataclass

from harness.definition.rungs import Rungs


Key = tuple[float, int, str]
"""Value, number and name of a trial: the smaller one is ahead."""


@dataclass(frozen=True)
class Place:
    """How a trial stands at a rung."""

    rung: int
    """Epoch of the rung."""
    value: float
    """The trial's value there."""
    rank: int
    """1 for the best."""
    peers: int
    """Trials that reached the rung, this one included."""
    keep: int
    """How many of them may go on, see `allowed`."""
    cutoff: float | None
    """The worst value of those; None if there are none."""


def allowed(peers: int, eta: float, *, only_one: bool) -> int:
    """How many of those that reached a rung may go on.

    Args:
        peers: How many there are, 1 or more.
        eta: About one in so many goes on.
        only_one: Whether one alone may go on.
    """
    return 1 if only_one and peers == 1 else math.floor(peers / eta)


class Ladder:
    """Who reached which rung with which value, and who waits there."""

    def __init__(self, rungs: Rungs, *, only_one: bool = False) -> None:
        """Start with empty rungs.

        Args:
            rungs: Where they are.
            only_one: Whether the only one that has reached a rung may go on.
        """
        self._eta, self._steps = rungs.eta, rungs.steps()
        self._only_one = only_one
        self._reached: dict[int, list[Key]] = {at: [] for at in self._steps}
        self._waiting: dict[int, list[Key]] = {at: [] for at in self._steps}
        self._keys: dict[str, dict[int, Key]] = {}

    def reach(self, trial: str, number: int, step: int, value: float) -> int | None:
        """Note a finite value of a trial.

        Returns:
            The rung that the trial enters with it; None if it enters none.
        """
        place = bisect.bisect_right(self._steps, step)
        if not place:
            return None
        rung, entered = self._steps[place - 1], self._keys.setdefault(trial, {})
        if rung in entered:
            return None
        entered[rung] = key = (value, number, trial)
        bisect.insort(self._reached[rung], key)
        return rung

    def pause(self, trial: str) -> None:
        """A trial waits at the deepest rung that it has entered."""
        rung = max(self._keys[trial])
        bisect.insort(self._waiting[rung], self._keys[trial][rung])

    def take(self, trial: str) -> None:
        """A trial waits no longer, if it did."""
        for rung, key in self._keys.get(trial, {}).items():
            _remove(self._waiting[rung], key)

    def withdraw(self, trial: str) -> None:
        """Take a trial out of all rungs."""
        self.take(trial)
        for rung, key in self._keys.pop(trial, {}).items():
            _remove(self._reached[rung], key)

    def promotable(self) -> str | None:
        """The best one waiting at the deepest rung with one among its best."""
        for rung in reversed(self._steps):
            if self._waiting[rung]:
                place = self._place(rung, self._waiting[rung][0])
                if place.rank <= place.keep:
                    return self._waiting[rung][0][2]
        return None

    def best_waiting(self) -> str | None:
        """The one waiting with the lowest value, at whatever rung."""
        return min((w[0] for w in self._waiting.values() if w), default=(0, 0, None))[2]

    def is_waiting(self, trial: str) -> bool:
        """Whether a trial waits."""
        entered = self._keys.get(trial)
        if not entered:
            return False
        waiting, key = self._waiting[max(entered)], entered[max(entered)]
        place = bisect.bisect_left(waiting, key)
        return waiting[place : place + 1] == [key]

    def waiting_before(self, trial: str) -> int:
        """How many wait with a lower value, at whatever rung."""
        entered = self._keys[trial]
        key = entered[max(entered)]
        return sum(bisect.bisect_left(w, key) for w in self._waiting.values())

    def place(self, trial: str) -> Place:
        """How a trial stands at the deepest rung that it has entered."""
        rung = max(self._keys[trial])
        return self._place(rung, self._keys[trial][rung])

    def next_rung(self, step: int) -> int | None:
        """The first rung after a step; None after the last."""
        place = bisect.bisect_right(self._steps, step)
        return self._steps[place] if place < len(self._steps) else None

    def _place(self, rung: int, key: Key) -> Place:
        reached = self._reached[rung]
        keep = allowed(len(reached), self._eta, only_one=self._only_one)
        return Place(
            rung=rung,
            value=key[0],
            rank=1 + bisect.bisect_left(reached, key),
            peers=len(reached),
            keep=keep,
            cutoff=reached[keep - 1][0] if keep else None,
        )


def _remove(keys: list[Key], key: Key) -> None:
    """Take a key out of a sorted list, if it is there."""
    place = bisect.bisect_left(keys, key)
    if place < len(keys) and keys[place] == key:
        del keys[place]
