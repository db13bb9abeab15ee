"""Writes the golden store of the version of `results` that is imported.

`python make_store.py FOLDER` makes FOLDER/store, with two searches, and
FOLDER/answers.json: what that version itself reads from it. It was run once a
schema version, on the code of that version, and the results are kept; run it
again only for a new version:

    PYTHONPATH=TREE python tests/results/golden/make_store.py tests/results/golden/2.2

`alpha` ended: three drivers, rows written twice, a retried trial, a NaN, finals.
`beta` was killed: its last rows are in the journal only.
"""

import json
import math
import os
import socket
import sys
from pathlib import Path

from results import Header, Store, queries
from results.format import parameter_rows, schema


PARAMETERS = {
    "losses.kl": "float",
    "latent_size": "int",
    "networks.norm": "string",
    "labelled_ratio": "float",
}
QUERIES = (
    "SELECT trial, state, reason FROM trials WHERE search = 'alpha' ORDER BY trial",
    "SELECT trial, count(*) AS steps, min(objective_mm) AS least FROM reports "
    "WHERE isfinite(objective_mm) GROUP BY trial ORDER BY trial",
    "SELECT event, count(*) AS rows FROM trial_events GROUP BY event ORDER BY event",
    "SELECT trial, rung, action, cutoff_mm FROM decisions ORDER BY trial, rung",
    "SELECT final_seed, mean_joint_error_mm, per_joint_mm FROM finals ORDER BY 1",
    'SELECT trial, latent_size, "losses.kl", "networks.norm" FROM trials_wide '
    "WHERE search = 'alpha' ORDER BY trial",
    "SELECT frame, sum(mean_joint_error_mm) AS total FROM frames GROUP BY 1 ORDER BY 1",
)


def header(name):
    """A header whose facts need no other package."""
    return Header(
        name=name,
        space={"name": "joint_v1", "parameters": {"losses.kl": [0.0001, 1.0]}},
        base_config={"losses.kl": 1.0, "latent_size": 20},
        data="synthetic:40",
        data_settings={"side_px": 32, "split": None},
        data_fingerprint="f" * 64,
        mean_pose_mm={"0.1": 40.0, "1.0": 39.5},
        rules={"objective": "mean_joint_error_mm", "grace": 1},
        code_version="0.1.0",
        environment={"python": "3.11"},
        seed=7,
        ratios=(0.1, 1.0),
        parameters=PARAMETERS,
        trials=6,
        created_utc="2026-11-22T18:00:00+00:00",
    )


def trial(number, event, state, *, attempt=0, epoch=None, error=None):
    """A row of `trials`."""
    return {
        "attempt": attempt,
        "trial": f"t-{number:05d}",
        "number": number,
        "event": event,
        "state": state,
        "reason": f"{event}, an \u00e9poque",
        "origin": "random" if number else "start",
        "labelled_ratio": (0.1, 1.0)[number % 2],
        "seed": number,
        "label_seed": 7,
        "epoch": epoch,
        "objective_mm": error,
        "config_json": json.dumps(values(number)),
        "code_version": "0.1.0",
        "space": "joint_v1",
        "node": "node-a",
        "device": "cpu",
    }


def values(number):
    """The searched parameters of a trial."""
    kl = 0.5 / (number + 1)
    return {"losses.kl": kl, "latent_size": 20 + number, "networks.norm": "batch"}


def proposed(number):
    """What is written when a trial is proposed."""
    named = {"attempt": 0, "trial": f"t-{number:05d}"}
    cells = parameter_rows.rows(values(number))
    return [("trials", trial(number, "proposed", "pending"))] + [
        ("parameters", named | row) for row in cells
    ]


def error(number, step, attempt):
    """A learning curve; the third trial is no number at its third step."""
    if (number, step) == (2, 3):
        return math.nan
    return 20.0 + 3 * number + 12.0 / step + attempt / 8


def report(number, step, attempt=0):
    """A row of `reports`; health figures where the version has them."""
    health = getattr(schema, "HEALTH_FIGURES", ())
    return {
        "attempt": attempt,
        "trial": f"t-{number:05d}",
        "epoch": step,
        "labelled_ratio": (0.1, 1.0)[number % 2],
        "objective_mm": error(number, step, attempt),
        "kl": 0.25 / step,
        "posterior": math.inf if (number, step) == (2, 3) else 0.5,
        "mean_joint_error_mm": error(number, step, attempt),
        "seconds": 1.5,
        "node": "node-a",
        **{name: 0.125 * (place + step) for place, name in enumerate(health)},
        **dict.fromkeys(schema.TRUNK_SHARES, 0.25),
        "vae_floor_mm": 7.5 if step == 1 else None,
    }


def decision(number, step, action):
    """A row of `decisions`."""
    return {
        "attempt": 0,
        "trial": f"t-{number:05d}",
        "epoch": step,
        "labelled_ratio": (0.1, 1.0)[number % 2],
        "rung": step,
        "value_mm": error(number, step, 0),
        "cutoff_mm": None if number == 0 else 30.0,
        "rank": number + 1,
        "peers": number + 1,
        "action": action,
        "reason": "By its rung.",
    }


def final(seed):
    """A row of `finals`."""
    return {
        "attempt": 0,
        "entrant": "t-00001",
        "look": 1,
        "state": "completed",
        "reason": "",
        "trial": "t-00001",
        "labelled_ratio": 1.0,
        "final_seed": seed,
        "split": "test",
        "frames": 40,
        "mean_joint_error_mm": 27.0 + seed / 4,
        "frames_within_20mm": 0.25,
        "per_joint_mm": [26.0, 28.0 + seed / 2],
        "config_json": "{}",
        "code_version": "0.1.0",
    }


def frame(seed, place):
    """A row of `frames`."""
    return {
        "attempt": 0,
        "entrant": "t-00001",
        "labelled_ratio": 1.0,
        "final_seed": seed,
        "look": 1,
        "frame": place,
        "split": "test",
        "mean_joint_error_mm": 27.0 + place,
        "per_joint_mm": [26.0 + place, 28.0 + place],
    }


def write_alpha(store):
    """Three drivers, one after the other, each with several segments."""
    store.create_search(header("alpha"))
    with store.writer("alpha") as writer:
        for number in range(4):
            writer.append_many(proposed(number))
            writer.append_many(
                [("reports", report(number, step)) for step in (1, 2)]
                + [("decisions", decision(number, 2, "continue"))]
            )
        writer.flush()
        writer.append("trials", trial(3, "started", "running", epoch=2))
    with store.writer("alpha") as writer:
        for number in range(3):
            ended = math.nan if number == 2 else error(number, 3, 1)
            state = "diverged" if number == 2 else "completed"
            writer.append("trials", trial(number, "retried", "running", attempt=1))
            for step in (2, 3):  # step 2 for the second time
                writer.append("reports", report(number, step, attempt=1))
            last = trial(number, "ended", state, attempt=1, epoch=3, error=ended)
            writer.append("trials", last)
    with store.writer("alpha") as writer:
        writer.append("decisions", decision(3, 3, "stop"))
        writer.append("trials", trial(3, "ended", "stopped", epoch=3, error=33.0))
        for seed in (0, 1, 2, 1):  # one seed twice
            writer.append("finals", final(seed))
            writer.append_many([("frames", frame(seed, place)) for place in (0, 1)])


def answers(store):
    """What this version reads, as JSON can hold it."""
    alpha = queries.read(store, "trials", "alpha")
    return {
        "version": schema.VERSION,
        "searches": store.searches(),
        "read": {
            table: plain(queries.read(store, table, "alpha")) for table in schema.TABLES
        },
        "best": plain(queries.best(alpha)),
        "best_together": plain(queries.best(alpha, per=None, top=3)),
        "query": {sql: plain(queries.query(store, sql)) for sql in QUERIES},
    }


def plain(table):
    """Rows without times and empty cells; numbers that JSON lacks as text."""
    return [
        {
            name: _plain(value)
            for name, value in row.items()
            if name != "time_utc" and value is not None
        }
        for row in table.to_pylist()
    ]


def _plain(value):
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def main(folder):
    """Write both searches and the answers, then die as a killed driver does."""
    socket.gethostname = lambda: "golden"  # no machine's name in the store
    store = Store.open(folder / "store", create=True)
    write_alpha(store)
    said = json.dumps(answers(store), indent=0, allow_nan=False)
    (folder / "answers.json").write_text(said + "\n", encoding="utf-8")
    store.create_search(header("beta"))
    with store.writer("beta") as writer:
        writer.append_many(proposed(0))
    killed = store.writer("beta")
    killed.append("trials", trial(0, "started", "running"))
    killed.append_many([("reports", report(0, step)) for step in (1, 2)])
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
