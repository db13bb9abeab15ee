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
