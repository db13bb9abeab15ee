"""What `plan` says of searches, beside what they then took on this machine.

Three searches of different kinds: so many trials, so many full trainings, so many
hours. Each is planned, run on Ray, and compared: trials that began, epochs that were
trained, and the time that its workers spent. Times are those of workers, as the start
of Ray is not planned; a machine that does other work at the same time changes them.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from crossnets import SearchOptions, search
from harness.plan import plan
from results import Store, queries


SEARCHES: dict[str, dict[str, Any]] = {
    "16 trials": {"trials": 16, "ratios": "0.1,1.0"},
    "10 trainings": {"budget": "10", "ratios": "0.25"},
    "0.05 hours": {"budget": "0.05h", "ratios": "0.1,1.0", "space": "loss_weights"},
}
"""What bounds a search, and what it searches."""


def main() -> None:
    """Plan, run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="synthetic:1500")
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--only", choices=SEARCHES, action="append")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    rows = []
    for name in options.only or SEARCHES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(compared(name, options, Path(folder)))
        if options.format == "table":
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()))
    if options.format == "json":
        print(json.dumps({"rows": rows}))


def compared(name: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One search, planned and run."""
    wished = SearchOptions(
        data=options.data,
        preset=options.preset,
        set=tuple(options.set),
        concurrency=2,
        **SEARCHES[name],
    )
    said = plan("s", wished, cache=folder / "cache", device="cpu")
    done = search("s", wished, store=folder, device="cpu")
    assert done.finished
    store = Store.open(folder)
    trials = queries.read(store, "trials", "s").to_pylist()
    spent_h = sum(row["wall_time_s"] or 0.0 for row in trials) / 3600
    found = {
        "trials": (sum(one.trials for one in said.ladders), len(trials)),
        "epochs": (
            round(sum(one.epochs for one in said.ladders)),
            queries.read(store, "reports", "s").num_rows,
        ),
        "worker_hours": (round(said.asked.hours, 4), round(spent_h, 4)),
    }
    row: dict[str, Any] = {"search": name}
    for key, (planned, real) in found.items():
        row |= {f"planned_{key}": planned, f"real_{key}": real}
        row[f"{key}_ratio"] = round(planned / real, 3)
    return row


if __name__ == "__main__":
    main()
