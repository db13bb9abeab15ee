"""Entrants of finals, and a world in which they run without Ray, for tests."""

import json
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cnets.findings import Finding
from cnets.presets import preset
from harness.definition.entrant import Entrant
from harness.definition.report import Report
from harness.driver.deciding.finals_policy import FinalsPolicy
from harness.driver.recording.recorder import Recorder


EPOCHS = 2

COLLAPSE = Finding(
    rule="posterior collapse",
    state="collapsed",
    figure="active_units",
    value=0.0,
    limit=1.0,
    epochs=1,
)

Key = tuple[float, str, int]


class Rows:
    """Takes rows as a writer does; the newest of each run and look counts."""

    def __init__(self) -> None:
        """Nothing is stored yet."""
        self.finals: dict[tuple, dict[str, Any]] = {}

    def append_many(self, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Store rows of `finals`."""
        for table, row in rows:
            assert table == "finals"
            names = ("labelled_ratio", "entrant", "final_seed", "look")
            self.finals[tuple(row[name] for name in names)] = {
                "validation_mm": None
            } | row

    def text(self) -> set[str]:
        """Every row without times, attempts and nodes."""
        passing = {"attempt", "wall_time_s", "node", "device"}
        return {
            json.dumps({n: v for n, v in row.items() if n not in passing})
            for row in self.finals.values()
        }


class World:
    """Runs with errors of a known form, in any order of their ends."""

    def __init__(
        self,
        errors: Callable[[Key], float],
        *,
        crashing: Iterable[Key] = (),
        collapsing: Iterable[Key] = (),
    ) -> None:
        """Nothing has run yet.

        Args:
            errors: Validation error of a run; one that is not finite diverges.
            crashing: Runs that crash.
            collapsing: Runs that have collapsed at their end.
        """
        self.errors, self.rows = errors, Rows()
        self.crashing, self.collapsing = set(crashing), set(collapsing)
        self.began: list[str] = []

    def policy(self, entrants: list[Entrant], seeds: Iterable[int]) -> FinalsPolicy:
        """The finals as a driver takes them up from the stored rows."""
        return FinalsPolicy(
            entrants,
            tuple(seeds),
            known=list(self.rows.finals.values()),
            objective="mean_joint_error_mm",
            frames=6,
            labels={0.5: 20, 1.0: 40},
            recorder=Recorder(self.rows, "small_space", "test"),
        )

    def report(self, policy: FinalsPolicy, run: str, epoch: int) -> None:
        """Let a run do an epoch."""
        config = policy.runs[run].proposal.config
        name = run.rpartition("-s")[0]
        name = name if name[:2] == "t-" else name.partition("-")[0]
        key = (policy.runs[run].proposal.ratio, name, config.seed)
        error = self.errors(key)
        if key in self.crashing:
            policy.crashed(run, "It died.")
            return
        last = epoch == EPOCHS
        finding = COLLAPSE if last and key in self.collapsing else None
        policy.report(run, {"report": epoch_of(epoch, error, finding=finding)})

    def drive(
        self,
        policy: FinalsPolicy,
        draw: random.Random,
        *,
        slots: int = 1,
        until: int | None = None,
    ) -> bool:
        """Let runs go on in a drawn order; returns whether all have ended.

        Args:
            policy: The finals.
            draw: Draws whose turn it is, and which workers die.
            slots: Runs at once.
            until: Events before the driver is killed; None waits for the end.
        """
        running: dict[str, int] = {}
        for event in range(10_000):
            if event == until:
                return False
            if len(running) < slots and (proposal := policy.propose()) is not None:
                running[proposal.trial] = 0
                self.began.append(proposal.trial)
                continue
            if not running:
                return True
            run = draw.choice(sorted(running))
            if draw.random() < 0.1:
                assert policy.retried(run, "The worker died.")
                continue
            running[run] += 1
            self.report(policy, run, running[run])
            if not policy.runs[run].open:
                del running[run]
        raise AssertionError("The finals do not end.")


def epoch_of(epoch: int, error: float, **changes: Any) -> Report:
    """The report of an epoch of the joint stage."""
    values = {
        "stage": "joint",
        "epoch": epoch,
        "epochs": EPOCHS,
        "step": epoch,
        "last": epoch == EPOCHS,
        "terms": {"posterior": 0.5},
        "metrics": {"mean_joint_error_mm": error, "frames_within_40mm": 0.5},
        "seconds": 1.5,
        "node": "here",
    }
    return Report(**(values | changes))


def field_of(ratio: float, kls: Mapping[str, float]) -> list[Entrant]:
    """Entrants of one ratio with their weights."""
    base = preset("tiny").replace({"labelled_ratio": ratio})
    return [
        Entrant(
            name=name,
            ratio=ratio,
            config=base.replace({"losses.kl": kl}),
            trial=name if name[:2] == "t-" else None,
            search_mm=19.0,
        )
        for name, kl in kls.items()
    ]
