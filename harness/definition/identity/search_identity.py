"""What makes two searches the same search: the parts of a header that decide results."""

import json
from typing import Any

from cnets.config import TrainConfig
from harness.definition.options import SearchOptions
from results import Header


DECISIVE = {
    "space": "another space",
    "base_config": "another base configuration",
    "data_fingerprint": "other data",
    "seed": "another seed",
    "ratios": "other ratios",
    "rules": "other rules",
}
"""Fields of a header that decide what a search finds, and how one that differs is told."""


def difference(there: Header, wanted: Header) -> str | None:
    """The first thing that makes two searches two, in words; None if they are one.

    The number of trials or the budget, the code's version and the machine may differ.
    """
    for field, words in DECISIVE.items():
        old, new = _plain(there, field), _plain(wanted, field)
        if old != new:
            return f"{words} ({_first(old, new)})"
    return None


def rules(options: SearchOptions) -> dict[str, Any]:
    """What decides when a trial stops, and its last bits, for the header.

    Without a `scheduler` trials are stopped, as in all searches before there was one.
    """
    rungs, lanes = options.rungs(), options.lanes
    found: dict[str, Any] = {
        "objective": options.objective,
        "grace": rungs.grace,
        "eta": rungs.eta,
        "max_step": rungs.max_step,
    }
    if options.waits:
        sampler = "model" if options.sampler == "auto" else options.sampler
        found |= {"scheduler": "pause", "sampler": sampler, "factor": rungs.factor}
    elif rungs.factor is not None:
        found["factor"] = rungs.factor
    if isinstance(lanes, int) and lanes > 1:
        found["lanes"] = lanes  # they decide how sums are rounded
    return found


def _plain(header: Header, field: str) -> Any:
    """A field as plain JSON, so that lists equal tuples.

    A configuration that was stored by another version is read as `from_stored` says.
    """
    value = getattr(header, field)
    if field == "base_config":
        value = TrainConfig.from_stored(value).flat()
    return json.loads(json.dumps(value))


def _first(old: Any, new: Any) -> str:
    """The first thing that differs, for an error."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *new]:
            if old.get(name) != new.get(name):
                inner = _first(old.get(name), new.get(name))
                return f"{name}: {inner}"
    return f"{old} there, {new} now"
