"""Whether stored decisions are those that a decider makes: a search, looked at again.

A fresh decider is told the stored facts in their order. Before each it is asked what
it would have done, and the first difference is named. It holds for a search whose size was
never changed and whose driver proposed whenever a place was free.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.definition.trial import Sample
from harness.driver.deciding.rules import Decider, Promotion


HELD = ("paused", "ended")
"""Events that a report may make."""

RUNNING = "running"
"""What becomes of a trial that goes on."""

DECIDED = ("completed", "stopped", "paused", "cancelled")
"""States that the rule brings about; others are failures."""


def contradiction(
    decider: Decider,
    samples: Mapping[str, Sample],
    events: Sequence[Mapping[str, Any]],
    reports: Sequence[Mapping[str, Any]],
) -> str | None:
    """The first thing that the decider would have done otherwise.

    Args:
        decider: Told nothing so far.
        samples: What each trial is, by name.
        events: Every row of `trials`.
        reports: Every row of `reports`.

    Returns:
        A sentence; None if it would have done everything as it is stored.
    """
    wanted: dict[str, str] = {}  # what is to become of a trial after its last report
    for row in sorted([*events, *reports], key=_place):
        trial, event, found = row["trial"], row.get("event"), None
        if event is None:
            if wanted.get(trial, RUNNING) != RUNNING:
                return f"{trial} went on and was to be {wanted[trial]}."
            decider.reported(trial, row["epoch"], row["objective_mm"])
            wanted[trial] = decider.verdict(trial).state or RUNNING
        elif event == "proposed":
            found = _difference(decider.next(), samples[trial])
            decider.proposed(samples[trial])
        elif event == "promoted":
            chosen = decider.next()
            if not isinstance(chosen, Promotion) or chosen.trial != trial:
                return f"{trial} was promoted, and not {_named(chosen)}."
            decider.became(trial, row["state"])
            wanted[trial] = RUNNING
        elif event in HELD:
            if row["state"] in DECIDED and row["state"] != wanted.get(trial):
                return f"{trial} is {row['state']} and was to be {wanted.get(trial)}."
            decider.became(trial, row["state"])
            wanted[trial] = RUNNING
        if found is not None:
            return found
    return None


def _place(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["driver_epoch"], row["seq"]


def _difference(chosen: Sample | Promotion | None, sample: Sample) -> str | None:
    """How the trial that was started differs from what would have been done."""
    if isinstance(chosen, Promotion) or chosen is None or chosen.ratio != sample.ratio:
        return f"{sample.trial} was started, and not {_named(chosen)}."
    if dict(chosen.values) != dict(sample.values):
        return f"{sample.trial} has other values than it would get now."
    return None


def _named(chosen: Sample | Promotion | None) -> str:
    return "nothing" if chosen is None else chosen.trial
