"""The tables of a store: columns, types, units, keys and the version.

Units stand in the column names. `epoch` is a training epoch of the joint stage; the
number of the driver that wrote a row is `driver_epoch`. The columns are the same for
every search: its searched parameters are rows of `parameters`. Columns are only
added, never retyped and never given another meaning: an added column raises the minor
version, anything else the major one. What makes a row fit its table is in
`row_checks`, which files of other versions can be read in `versions`, how those of
the first major version are read in `schema_1`.
"""

from dataclasses import dataclass

import pyarrow as pa


VERSION = "2.2"
"""Version of the schemas, as major.minor; stands in every file."""

LOSS_TERMS = (
    "pose_reconstruction",
    "kl",
    "adversarial_real",
    "adversarial_fake",
    "posterior",
    "smoothness_mixed",
    "smoothness_self",
    "feature_matching",
    "depth_reconstruction",
    "consistency",
)
"""Raw, unweighted loss terms of an epoch, one column of `reports` each."""

HEALTH_FIGURES = (
    "active_units",
    "code_spread_ratio",
    "image_spread_ratio",
    "adversarial_nats",
)
"""Figures that show a collapse: a count, two ratios, a cross-entropy in nats."""

TRUNK_SHARES = (
    "trunk_share_adversarial",
    "trunk_share_posterior",
    "trunk_share_smoothness",
    "trunk_share_consistency",
)
"""Share of each loss in the gradient of the shared trunk, in [0, 1]."""

EVENTS = (
    "proposed",
    "started",
    "stage",
    "checkpoint_failed",
    "checkpoint_damaged",
    "resumed",
    "retried",
    "paused",
    "promoted",
    "ended",
)
"""What a row of `trials` was written for."""

STATES = (
    "pending",
    "running",
    "paused",
    "completed",
    "stopped",
    "diverged",
    "collapsed",
    "crashed",
    "cancelled",
)
"""How a trial stands; all but the first three are ends."""

KINDS = ("float", "int", "string", "bool")
"""What the value of a searched parameter can be."""

WORDS = {
    ("trials", "event"): EVENTS,
    ("trials", "state"): STATES,
    ("trials", "origin"): ("start", "random", "tpe", "model"),
    ("parameters", "kind"): KINDS,
    ("decisions", "action"): (
        "continue",
        "stop",
        "pause",
        "promote",
        "resume",
        "budget",
    ),
    ("finals", "state"): ("completed", "dropped", "diverged", "collapsed", "crashed"),
}
"""The words that a column takes, by table and column; others take any text."""

_TIME = pa.timestamp("us", tz="UTC")

VERSION_KEY, TABLE_KEY = b"crossnets.schema_version", b"crossnets.table"
"""Where the metadata of a file says its version and its table."""


class SchemaMismatch(ValueError):
    """A row, file or store that does not fit the schemas of this version."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of the store; its columns besides `ASSIGNED`."""

    key: tuple[str, ...]
    columns: tuple[pa.Field, ...]


def _must(kind: pa.DataType, *names: str) -> tuple[pa.Field, ...]:
    return tuple(pa.field(name, kind, nullable=False) for name in names)


def _may(kind: pa.DataType, *names: str) -> tuple[pa.Field, ...]:
    return tuple(pa.field(name, kind) for name in names)


_F32, _F64, _I32, _I64 = pa.float32(), pa.float64(), pa.int32(), pa.int64()
_TEXT = pa.string()

ASSIGNED = (
    *_must(_TEXT, "search"),
    *_must(_I32, "driver_epoch"),
    *_must(_I64, "seq"),
    *_must(_TIME, "time_utc"),
)
"""Columns that the writer fills in, in every table."""

_FIGURES = (
    *_may(_F64, "mean_joint_error_mm"),
    *_may(_F64, "median_joint_error_mm", "worst_joint_error_mm"),
    *_may(_F64, "frames_within_20mm", "frames_within_40mm"),
)
_MADE_BY = _may(_TEXT, "node", "device", "code_sha256", "data_sha256")
"""Where an attempt ran, with which code on which data."""

TABLES = {
    "trials": Table(
        key=("search", "trial"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "trial"),
            *_must(_I32, "number"),
            *_must(_TEXT, "event", "state", "reason", "origin"),
            *_may(_F64, "expected_score", "expected_score_std"),
            *_must(_F64, "labelled_ratio"),
            *_may(_I32, "labelled_frames"),
            *_must(_I64, "seed", "label_seed"),
            *_may(_I32, "epoch"),
            *_may(_F64, "objective_mm", "wall_time_s"),
            *_must(_TEXT, "config_json", "code_version", "space"),
            *_MADE_BY,
        ),
    ),
    "parameters": Table(
        key=("search", "trial", "name"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "trial", "name", "kind"),
            *_may(_F64, "value"),
            *_may(_TEXT, "text"),
        ),
    ),
    "reports": Table(
        key=("search", "trial", "epoch"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "trial"),
            *_must(_I32, "epoch"),
            *_must(_F64, "labelled_ratio", "objective_mm"),
            *_may(_F64, *LOSS_TERMS),
            *_FIGURES,
            *_may(_F64, *HEALTH_FIGURES, *TRUNK_SHARES, "vae_floor_mm"),
            *_may(_F64, "seconds"),
            *_may(_TEXT, "node"),
        ),
    ),
    "decisions": Table(
        key=("search", "trial", "epoch", "seq"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "trial"),
            *_must(_I32, "epoch"),
            *_must(_F64, "labelled_ratio"),
            *_may(_I32, "rung"),
            *_may(_F64, "value_mm", "cutoff_mm"),
            *_may(_I32, "rank", "peers", "budget_epochs"),
            *_must(_TEXT, "action", "reason"),
        ),
    ),
    "finals": Table(
        key=("search", "entrant", "labelled_ratio", "final_seed", "look"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "entrant"),
            *_may(_TEXT, "trial"),
            *_must(_F64, "labelled_ratio"),
            *_may(_I32, "labelled_frames"),
            *_must(_I64, "final_seed"),
            *_must(_I32, "look"),
            *_must(_TEXT, "state", "reason"),
            *_may(_I32, "epoch"),
            *_must(_TEXT, "split"),
            *_must(_I32, "frames"),
            *_FIGURES,
            *_may(pa.list_(_F64), "per_joint_mm"),
            *_may(_F64, "validation_mm", "search_mm", "mean_pose_mm", "vae_floor_mm"),
            *_may(_F64, "wall_time_s"),
            *_must(_TEXT, "config_json", "code_version"),
            *_may(_TEXT, "weights_sha256"),
            *_MADE_BY,
        ),
    ),
    "frames": Table(
        key=("search", "entrant", "labelled_ratio", "final_seed", "look", "frame"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "entrant"),
            *_must(_F64, "labelled_ratio"),
            *_must(_I64, "final_seed"),
            *_must(_I32, "look", "frame"),
            *_must(_TEXT, "split"),
            *_may(_F32, "mean_joint_error_mm"),
            *_may(pa.list_(_F32), "per_joint_mm"),
        ),
    ),
}
"""Every table by name.

`frames_within_*` are shares of the frames, in [0, 1]. `expected_score` is what the
proposal's model expected, as normal score of the trial's standing: 0 is the middle,
smaller is better. A parameter that is a number or a truth value (0 or 1) stands in
`value`, one that is a text in `text`. `frame` counts the frames of the split from 0.
`budget_epochs` is what a `budget` decision sets: epochs of all trials together.
`look` counts how often the split was read, from 1.
"""


def schema(table: str) -> pa.Schema:
    """The Arrow schema of a table, with the version in its metadata.

    Args:
        table: Name of the table.

    Returns:
        The assigned columns, then the table's own.

    Raises:
        ValueError: If `table` is unknown.
    """
    if table not in TABLES:
        known = ", ".join(TABLES)
        raise ValueError(f"`table` must be one of {known}, got {table!r}.")
    metadata = {TABLE_KEY: table.encode(), VERSION_KEY: VERSION.encode()}
    return pa.schema((*ASSIGNED, *TABLES[table].columns), metadata)
