"""A policy that waits for its store before it starts a trial."""

import pytest

from harness.driver.patience import Patient
from results import StorageError


def test_no_trial_starts_while_the_store_has_trouble(
    driven, table, make_report, full_disk
):
    """The proposal comes after the pause, when there is space again."""
    events: list[str] = []

    def sleep(_: float) -> None:
        events.append(f"{len(driven.policy.trials)} trials")
        free()
        driven.writer.flush()

    patient = Patient(driven.policy, driven.writer, events.append, sleep)
    name = patient.propose().trial
    assert events == []
    free = full_disk()
    with pytest.raises(StorageError):
        driven.policy.report(name, {"report": make_report(1, 20.0)})
    assert driven.writer.trouble is not None
    assert patient.propose().trial == "t-00002"
    assert events[0].startswith("Paused, and goes on by itself: ")
    assert events[1:] == [
        "1 trials",
        "The store can be written again; the search goes on.",
    ]
    assert len(table(driven, "trials")) == 2


def test_everything_else_is_passed_on(driven, table, make_report):
    """A report, a retry and a crash reach the policy as they are."""
    patient = Patient(driven.policy, driven.writer, print, print)
    name = patient.propose().trial
    decision = patient.report(name, {"report": make_report(1, 20.0)})
    assert (decision.action, decision.rung) == ("continue", 1)
    patient.retried(name, "OSError: first")
    patient.crashed(name, "OSError: last")
    (row,) = table(driven, "trials")
    assert (row["attempt"], row["state"], row["reason"]) == (
        2,
        "crashed",
        "OSError: last",
    )
