"""A store, a header and rows of each table that need only what a test is about."""

from types import SimpleNamespace

import pytest

from results import Header, Store, queries


PARAMETERS = {"losses.kl": "float", "latent_size": "int", "labelled_ratio": "float"}


def make_header(**given):
    """The header of `demo`, with the given facts in place of its own."""
    facts = {
        "name": "demo",
        "space": {"name": "joint_v1"},
        "base_config": {"losses.kl": 1.0},
        "data": "synthetic",
        "data_settings": {"side_px": 32, "split": None},
        "data_fingerprint": "f" * 64,
        "mean_pose_mm": {"0.1": 40.0, "1.0": 39.0},
        "rules": {"objective": "mean_joint_error_mm", "grace": 1},
        "code_version": "0.1.0",
        "environment": {"python": "3.11"},
        "seed": 0,
        "ratios": (0.1, 1.0),
        "parameters": PARAMETERS,
        "trials": 4,
        "created_utc": "2026-11-22T18:00:00+00:00",
    }
    return Header(**facts | given)


def make_trial(number=0, **given):
    """A completed trial, with the given values in place of its own."""
    facts = {
        "attempt": 0,
        "trial": f"t-{number:05d}",
        "number": number,
        "event": "ended",
        "state": "completed",
        "reason": "Full length.",
        "origin": "random",
        "labelled_ratio": 1.0,
        "seed": 1,
        "label_seed": 2,
        "epoch": 9,
        "objective_mm": 20.0,
        "config_json": "{}",
        "code_version": "0.1.0",
        "space": "joint_v1",
    }
    return facts | given


def make_parameter(name="losses.kl", value=0.5, **given):
    """The value of a parameter of the first trial, with the given values."""
    facts = {"attempt": 0, "trial": "t-00000", "name": name, "kind": "float"}
    facts |= {"value": value}
    return facts | given


def make_report(step=0, **given):
    """A report of the first trial, with the given values in place of its own."""
    facts = {
        "attempt": 0,
        "trial": "t-00000",
        "epoch": step,
        "labelled_ratio": 1.0,
        "objective_mm": 20.0,
        "kl": 0.25,
    }
    return facts | given


def make_decision(step=1, **given):
    """A decision to go on, with the given values in place of its own."""
    facts = {
        "attempt": 0,
        "trial": "t-00000",
        "epoch": step,
        "labelled_ratio": 1.0,
        "rung": step,
        "value_mm": 20.0,
        "cutoff_mm": None,
        "rank": 1,
        "peers": 1,
        "action": "continue",
        "reason": "First at its rung.",
    }
    return facts | given


def make_final(final_seed=0, **given):
    """A rerun on the test split, with the given values in place of its own."""
    facts = {
        "attempt": 0,
        "entrant": "t-00000",
        "trial": "t-00000",
        "labelled_ratio": 1.0,
        "final_seed": final_seed,
        "look": 1,
        "state": "completed",
        "reason": "",
        "split": "test",
        "frames": 100,
        "mean_joint_error_mm": 21.0,
        "per_joint_mm": [20.0, 22.0],
        "config_json": "{}",
        "code_version": "0.1.0",
    }
    return facts | given


def make_frame(frame=0, **given):
    """The error of a test frame, with the given values in place of its own."""
    facts = {
        "attempt": 0,
        "entrant": "t-00000",
        "labelled_ratio": 1.0,
        "final_seed": 0,
        "look": 1,
        "frame": frame,
        "split": "test",
        "mean_joint_error_mm": 21.0,
        "per_joint_mm": [20.0, 22.0],
    }
    return facts | given


def make_runs(entrant, errors, **given):
    """Rows of one entrant as its finals leave them, for seeds from 0.

    Args:
        entrant: Its name.
        errors: By seed, the test error, or the state of a run that has none.
        given: `validation` errors (default: 1 mm less), `collapsed` seeds, `look`, and
            values of columns.
    """
    validation = given.pop("validation", None)
    collapsed, look = given.pop("collapsed", ()), given.pop("look", 1)
    facts = {"entrant": entrant, "trial": None, "labelled_frames": 1000}
    facts |= {"search_mm": None} | given
    rows = []
    for seed, error in enumerate(errors):
        failed = isinstance(error, str)
        state = "collapsed" if seed in collapsed else "completed"
        ended = facts | {"state": error if failed else state}
        if failed:
            valid = None
        else:
            valid = error - 1 if validation is None else validation[seed]
        ended["validation_mm"] = valid
        gone = {"split": "validation", "mean_joint_error_mm": valid, "frames": 50}
        gone |= {"mean_pose_mm": None, "vae_floor_mm": None}
        rows.append(make_final(seed, **(ended | gone | {"look": 0})))
        if look and not failed:
            figures = {"mean_joint_error_mm": error, "look": look}
            baselines = {"mean_pose_mm": 50.0, "vae_floor_mm": 4.0, "frames": 100}
            baselines |= {"frames_within_40mm": 0.5}
            rows.append(make_final(seed, **(baselines | ended | figures)))
    return rows


@pytest.fixture
def make():
    """Builders of a header and of rows; arguments replace single values."""
    return SimpleNamespace(
        header=make_header,
        trial=make_trial,
        parameter=make_parameter,
        report=make_report,
        decision=make_decision,
        final=make_final,
        frame=make_frame,
        runs=make_runs,
        rows={
            "trials": make_trial(),
            "parameters": make_parameter(),
            "reports": make_report(),
            "decisions": make_decision(),
            "finals": make_final(),
            "frames": make_frame(),
        },
    )


@pytest.fixture
def store(tmp_path):
    """A local store with the search `demo`."""
    made = Store.open(tmp_path / "store", create=True)
    made.create_search(make_header())
    return made


@pytest.fixture
def trials(store, make):
    """Stores rows of `trials` as the harness would and gives the table read back."""

    def write(*rows):
        with store.writer("demo") as writer:
            writer.append_many(("trials", make.trial(**row)) for row in rows)
        return queries.read(store, "trials")

    return write
