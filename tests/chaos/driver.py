"""One driver of a search, to be killed: it notes every row that was acknowledged.

`python driver.py STORE ACKNOWLEDGED TRIALS WORKERS` starts or resumes the search `s`
with so many workers. ACKNOWLEDGED gets a line of JSON for each row, after `append` has
returned; what a process wrote outlives its death by SIGKILL. `alone` is what that
search must come to.
"""

import json
import os
import sys
from pathlib import Path

from crossnets import SearchOptions, search
from harness import driving, policies
from harness.definition.report import Report
from harness.prepare import header_of, prepare
from harness.worker import train_runner
from harness.worker.train_runner import TrainRunner
from results import Store, Writer


OPTIONS = {
    "data": "synthetic:60",
    "preset": "tiny",
    "ratios": "0.5,1.0",
    "grace": 1,
    "eta": 2.0,
    "retries": 0,
    "seed": 3,
    "set": (
        "vae.epochs=2",
        "vae.steps=2",
        "gan.epochs=1",
        "gan.steps=2",
        "joint.warm_up_epochs=1",
        "joint.epochs=4",
        "joint.steps=2",
        "joint.batch_size=4",
        "health.patience_epochs=9",
    ),
}


class Often(TrainRunner):
    """Publishes a checkpoint before every epoch, and gives up on a full disk soon."""

    def advance(self) -> Report:
        """Train one epoch."""
        train_runner.STORED_WITHIN_S = 5.0
        self._saved_s = -1e9
        return super().advance()


def note_acknowledged(path: str) -> None:
    """Write a line for each row that `Writer.append_many` has made durable."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    append_many = Writer.append_many

    def noting(self: Writer, rows):
        given = list(rows)
        seqs = append_many(self, given)
        lines = [
            json.dumps(
                [table, self.driver_epoch, seq, row.get("trial"), row.get("epoch")]
            )
            for (table, row), seq in zip(given, seqs, strict=True)
        ]
        os.write(handle, "".join(f"{line}\n" for line in lines).encode())
        return seqs

    Writer.append_many = noting  # pyright: ignore[reportAttributeAccessIssue]


def alone(folder: Path, trials: int) -> Store:
    """The same search with one worker, here, without Ray: nothing disturbs it."""
    options = SearchOptions(trials=trials, concurrency=1, **OPTIONS)
    prepared = prepare("s", options, folder / "cache")
    store = Store.open(folder, create=True)
    store.create_search(header_of(prepared))
    plan = driving._plan(prepared, folder, "cpu")
    with store.writer("s") as writer:
        policy = policies.restored(prepared, store, writer)
        while (trial := policy.propose()) is not None:
            runner = Often(plan.job(trial.trial, trial.config, trial.reported))
            told = {"report": runner.advance()}
            while policy.report(trial.trial, told).action == "continue":
                told = {"report": runner.advance()}
        assert policy.finished
    return store


def main() -> None:
    """Run the search to its end."""
    store, acknowledged, trials, workers = sys.argv[1:]
    note_acknowledged(acknowledged)
    options = SearchOptions(trials=int(trials), concurrency=int(workers), **OPTIONS)
    done = search("s", options, store=store, runner=Often)
    assert done.finished


if __name__ == "__main__":
    main()
