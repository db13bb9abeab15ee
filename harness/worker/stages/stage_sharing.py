"""How one run uses the pre-trainings that others have made, and makes its own for them.

Before a shared stage the run looks for the product; else it claims the stage and
trains it; else somebody else is at it, and the run waits. At the end of a stage it
stores what it made. Where the folder cannot be used the run trains for itself.
"""

import time
from collections.abc import Callable
from pathlib import Path

from cnets.training import state
from cnets.training.bank import Bank
from cnets.training.epoch_report import EpochReport
from cnets.training.health import rules
from cnets.training.lanes.lane import Lane
from cnets.training.sharing import stage_keys
from cnets.training.sharing.stage_keys import StageKey
from harness.definition.job import Job
from harness.definition.stage_notes import StageNote
from harness.worker import watchdog
from harness.worker.stages import stage_claims
from harness.worker.stages.stage_claims import Claim, Watch
from harness.worker.stages.stage_store import Product, StageStore


LOOK_EVERY_S = 0.2
"""Time between two looks at a stage that somebody else trains."""


class Sharing:
    """One run's share in the stages that all runs have in common."""

    def __init__(self, bank: Bank, job: Job, waits: Callable[[str], None]) -> None:
        """Look at nothing yet.

        Args:
            bank: Where the run trains.
            job: Its `stages` is the folder; None trains everything here. A run
                that starts from a model has no pre-training.
            waits: Told what the run waits for, as long as it does.
        """
        self._bank, self._job, self._waits = bank, job, waits
        self._name = f"{job.search}/{job.trial}"
        self._store: StageStore | None = None
        if job.stages is not None and job.init is None:
            self._store = StageStore(Path(job.stages))
        self._claim: Claim | None = None
        self._seconds = 0.0
        self._paid: list[str] = []
        self._remade: list[str] = []
        self._unsaved: list[str] = []

    def enter(self, lane: Lane) -> EpochReport | None:
        """Move a lane past what others have trained, or claim its stage.

        Args:
            lane: Before its next epoch; changed in place.

        Returns:
            The report of the last epoch of a stage that was taken over and that
            a rule of health objects to; None if the run just goes on.
        """
        while self._claim is None and lane.stage in stage_keys.SHARED:
            if self._store is None:
                return None
            key = stage_keys.key(self._bank, lane.config, lane.stage)
            try:
                found = self._found(self._store, key, lane)
            except OSError as error:
                said = error.strerror or type(error).__name__
                self._unsaved.append(
                    f"Pre-trainings are not shared by this run any more: {said}."
                )
                self._store = None
                return None
            if found is None:
                return None
            report = self._taken(lane, found, key)
            if report.finding is not None:
                return report
        return None

    def beat(self) -> None:
        """An update was made: for the watchdog, and for those that wait."""
        watchdog.PROCESS.beat()
        if self._claim is not None:
            self._claim.beat()

    def leave(self, lane: Lane, report: EpochReport) -> None:
        """Store what a stage has made when it is over; free it if it has failed.

        Args:
            lane: After an epoch.
            report: The report of that epoch.
        """
        if self._claim is None or self._store is None:
            return
        self._seconds += report.seconds
        failed = report.finding is not None and report.finding.state == "diverged"
        if report.epoch < report.epochs and not failed:
            return
        key = stage_keys.key(self._bank, lane.config, report.stage)
        if not failed:
            try:
                made = stage_keys.product(lane, report)
                self._store.put(key, made, self._name, seconds=self._seconds)
            except OSError as error:
                said = error.strerror or type(error).__name__
                self._unsaved.append(f"{key.short} could not be stored: {said}.")
            self._note(key, self._name)
        self.release()

    def release(self) -> None:
        """Let others train what this run does not any more."""
        if self._claim is not None:
            self._claim.release()
        self._claim, self._seconds = None, 0.0

    def notes(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """What there is to tell since the last call: paid, made again, not stored."""
        said = tuple(self._paid), tuple(self._remade), tuple(self._unsaved)
        for kept in (self._paid, self._remade, self._unsaved):
            kept.clear()
        return said

    def _found(self, store: StageStore, key: StageKey, lane: Lane) -> Product | None:
        """A sound product, waited for if need be; None after claiming the stage."""
        path = store.claim_path(key)
        watch = Watch(path, self._job.hang_after_s)
        while True:
            found, problem = self._look(store, key, lane)
            if found is not None:
                return found
            if not watch.free():
                self._waits(f"waiting for {watch.owner} to train {key.short}")
                time.sleep(LOOK_EVERY_S)
                continue
            claim = stage_claims.take(path, self._name)
            if claim is None:
                continue
            found, problem = self._look(store, key, lane)  # stored meanwhile?
            if found is not None:
                claim.release()
                return found
            if problem is not None:
                store.remove(key)
                self._remade.append(f"{key.short} is trained again: {problem}.")
            self._claim = claim
            return None

    def _look(
        self, store: StageStore, key: StageKey, lane: Lane
    ) -> tuple[Product | None, str | None]:
        """A product if it can be used, or what is wrong with the one that is there."""
        try:
            found = store.find(key, self._job.device)
        except state.Damaged as error:
            return None, str(error).replace(f"{store.folder}/", "").rstrip(".")
        if found is not None and not stage_keys.fits(found.lane, lane, key.stage):
            return None, f"{key.digest} holds other networks"
        return found, None

    def _taken(self, lane: Lane, found: Product, key: StageKey) -> EpochReport:
        """Move the lane on; the report is that of the stage's last epoch."""
        figures = found.lane.recent[-1] if found.lane.recent else {}
        stage_keys.adopt(lane, found.lane)
        self._note(key, found.payer)
        terms, epochs = found.lane.terms, found.lane.epoch
        return EpochReport(
            stage=key.stage,
            epoch=epochs,
            epochs=epochs,
            terms=dict(terms),
            terms_so_far=lane.terms,
            health={n: v for n, v in figures.items() if n not in terms},
            finding=rules.verdict([figures], key.stage, rules.of_run(lane.config)),
            seconds=0.0,
        )

    def _note(self, key: StageKey, payer: str) -> None:
        search, _, trial = payer.rpartition("/")
        here = trial if search == self._job.search else payer
        note = StageNote(
            stage=key.stage,
            short=key.digest[:8],
            payer=None if payer == self._name else here,
        )
        self._paid.append(note.sentence)
