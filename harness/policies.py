"""The policy of a search, as far as the store knows it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from harness import pre_trainings
from harness.definition.identity import code_identity, provenance
from harness.driver.deciding import deciders
from harness.driver.deciding.rules import Decider
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.deciding.time_budget import TimeBudget
from harness.driver.recording.patient_writer import PatientWriter
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.tracked import Watcher
from harness.prepare import Prepared
from results import Store, queries


Rows = list[dict[str, Any]]


def restored(
    prepared: Prepared,
    store: Store,
    rows: PatientWriter | None = None,
    watch: Watcher = lambda *_: None,
) -> SearchPolicy:
    """A policy that knows all that is stored.

    Args:
        prepared: The search, checked.
        store: The store, which has its header.
        rows: Takes what is decided; None where nothing will be.
        watch: Told of every event, after it is stored.

    Raises:
        StorageError: If a file is damaged or cannot be read.
    """
    name = prepared.name
    events, reports, decisions = (
        store.rows(table, name).to_pylist()
        for table in ("trials", "reports", "decisions")
    )
    policy = SearchPolicy(
        space=prepared.space,
        ratios=prepared.ratios,
        seed=prepared.options.seed,
        base=prepared.base,
        decider=decider(prepared),
        objective=prepared.options.objective,
        recorder=Recorder(
            rows,
            prepared.space.name,
            provenance.code_version(),
            code_sha256=code_identity.identity(),
            data_sha256=prepared.data.fingerprint,
        ),
        watch=watch,
        time_budget=_clock(prepared, [*events, *reports], lambda: policy),
    )
    trials = queries.wide(store, name).to_pylist()
    policy.restore(trials, events, reports, decisions)
    return policy


def decider(prepared: Prepared) -> Decider:
    """What decides a search, told nothing so far."""
    options, budget = prepared.options, prepared.options.limit()
    epochs = None
    if budget is not None and budget.limit_s is None:
        epochs = budget.amount * prepared.base.joint.epochs
    return deciders.make(
        "pause" if options.waits else "stop",
        "model" if options.sampler == "auto" else options.sampler,
        rungs=options.rungs(),
        space=prepared.space,
        ratios=prepared.ratios,
        seed=options.seed,
        trials=options.trials if budget is None else None,
        budget_epochs=epochs,
        reuse=pre_trainings.reuse(prepared),
    )


def _clock(
    prepared: Prepared, rows: Rows, policy: Callable[[], SearchPolicy]
) -> TimeBudget | None:
    """What counts the hours of a search that is bounded by them."""
    budget = prepared.options.limit()
    if budget is None or budget.limit_s is None:
        return None
    before_s, start_s = driven_s(rows), time.monotonic()

    def of_slots() -> float:
        return sum(trial.wall_time_s for trial in policy().trials.values())

    def of_driver() -> float:
        return before_s + time.monotonic() - start_s

    return TimeBudget(budget, of_slots if budget.unit == "gpuh" else of_driver)


def driven_s(rows: list[Mapping[str, Any]] | Rows) -> float:
    """Seconds in which drivers have run a search: of each, first row to last.

    Args:
        rows: Rows of the store, in any order.
    """
    ends: dict[int, tuple[float, float]] = {}
    for row in rows:
        at = row["time_utc"].timestamp()
        first, last = ends.get(row["driver_epoch"], (at, at))
        ends[row["driver_epoch"]] = min(first, at), max(last, at)
    return sum(last - first for first, last in ends.values())
