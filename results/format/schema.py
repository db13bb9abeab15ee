"""The tables of a store: columns, types, units, keys and the version.

Units stand in the column names. Columns are only added, never retyped and never
given another meaning: an added column raises the minor version, anything else
the major one. What makes a row fit its table is in `row_checks`, which files of
other versions can be read in `versions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from results.format import caps


VERSION = "1.1"
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
)
"""Raw, unweighted loss terms of an epoch, one column of `reports` each."""

HEALTH_FIGURES = (
    "active_units",
    "code_spread_ratio",
    "image_spread_ratio",
    "adversarial_nats",
)
"""Figures that show a collapse: a count, two ratios, a cross-entropy in nats."""

EVENTS = (
    "proposed",
    "started",
    "stage",
    "reported",
    "checkpoint",
    "restored",
    "retried",
    "ended",
)
"""What a row of `trials` was written for."""

STATES = (
    "pending",
    "running",
    "completed",
    "stopped",
    "diverged",
    "collapsed",
    "crashed",
    "cancelled",
)
"""How a trial stands; all but the first two are ends."""

WORDS = {
    ("trials", "event"): EVENTS,
    ("trials", "state"): STATES,
    ("trials", "origin"): ("start", "random", "tpe"),
    ("decisions", "action"): ("continue", "stop"),
}
"""The words that a column takes, by table and column; others take any text."""

_PARAMETER_TYPES = {
    "float": pa.float64(),
    "int": pa.int64(),
    "string": pa.string(),
    "bool": pa.bool_(),
}
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


_F64, _I32, _I64, _TEXT = pa.float64(), pa.int32(), pa.int64(), pa.string()

ASSIGNED = (
    *_must(_TEXT, "search_id"),
    *_must(_I32, "epoch"),
    *_must(_I64, "seq"),
    *_must(_TIME, "time_utc"),
)
"""Columns that the writer fills in, in every table."""

TABLES = {
    "trials": Table(
        key=("search_id", "trial"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "trial"),
            *_must(_I32, "number"),
            *_must(_TEXT, "event", "state", "reason", "origin"),
            *_must(_F64, "labelled_ratio"),
            *_must(_I64, "seed", "label_seed"),
            *_may(_I32, "step"),
            *_may(_F64, "objective_mm", "wall_time_s"),
            *_may(_TEXT, "checkpoint", "checkpoint_sha256"),
            *_must(_TEXT, "config_json", "code_version", "space"),
        ),
    ),
    "reports": Table(
        key=("search_id", "trial", "step"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "trial"),
            *_must(_I32, "step"),
            *_must(_F64, "labelled_ratio", "objective_mm"),
            *_may(_F64, *LOSS_TERMS),
            *_may(_F64, "mean_joint_error_mm"),
            *_may(_F64, "median_joint_error_mm", "worst_joint_error_mm"),
            *_may(_F64, "frames_within_20mm", "frames_within_40mm", "seconds"),
            *_may(_TEXT, "node"),
            *_may(_F64, *HEALTH_FIGURES),
        ),
    ),
    "decisions": Table(
        key=("search_id", "trial", "step", "seq"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "trial"),
            *_must(_I32, "step"),
            *_must(_F64, "labelled_ratio"),
            *_must(_I32, "rung"),
            *_must(_F64, "value_mm"),
            *_may(_F64, "cutoff_mm"),
            *_must(_I32, "rank", "peers"),
            *_must(_TEXT, "action", "reason"),
        ),
    ),
    "finals": Table(
        key=("search_id", "trial", "final_seed"),
        columns=(
            *_must(_I32, "attempt"),
            *_must(_TEXT, "trial"),
            *_must(_F64, "labelled_ratio"),
            *_must(_I64, "final_seed"),
            *_must(_TEXT, "split"),
            *_must(_I32, "frames"),
            *_must(_F64, "mean_joint_error_mm"),
            *_may(_F64, "median_joint_error_mm", "worst_joint_error_mm"),
            *_may(_F64, "frames_within_20mm", "frames_within_40mm"),
            *_may(pa.list_(_F64), "per_joint_mm"),
            *_may(_F64, "validation_mm", "search_mm", "mean_pose_mm", "wall_time_s"),
            *_must(_TEXT, "config_json", "code_version"),
            *_may(_TEXT, "weights_sha256"),
        ),
    ),
}
"""Every table by name; `frames_within_*` are shares of the frames, in [0, 1]."""


def parameter_columns(parameters: Mapping[str, str]) -> tuple[pa.Field, ...]:
    """The columns of `trials` that hold the searched parameters.

    `labelled_ratio` is a column of every trial already and is left out.

    Args:
        parameters: Type of each by dotted name: float, int, string or bool.

    Returns:
        Nullable columns; the dots of the names have become `_`.

    Raises:
        ValueError: If there are too many, a name is too long, a type is unknown, or
            a column would stand twice.
    """
    caps.check_parameters(parameters)
    fixed = {field.name for field in (*ASSIGNED, *TABLES["trials"].columns)}
    columns: dict[str, pa.Field] = {}
    for name, kind in parameters.items():
        if kind not in _PARAMETER_TYPES:
            known = ", ".join(_PARAMETER_TYPES)
            raise ValueError(f"Type of `{name}` must be one of {known}, got {kind!r}.")
        if name == "labelled_ratio":
            continue
        column = name.replace(".", "_")
        if column in fixed or column in columns:
            raise ValueError(
                f"Parameter names must differ from other columns, got `{name}`, "
                f"and `{column}` stands already."
            )
        columns[column] = pa.field(column, _PARAMETER_TYPES[kind])
    return tuple(columns.values())


def schema(table: str, parameters: Mapping[str, str] | None = None) -> pa.Schema:
    """The Arrow schema of a table, with the version in its metadata.

    Args:
        table: Name of the table.
        parameters: Searched parameters and their types; adds columns to `trials`.

    Returns:
        The assigned columns, the table's own, then the parameters'.

    Raises:
        ValueError: If `table` is unknown or `parameters` cannot be columns.
    """
    if table not in TABLES:
        known = ", ".join(TABLES)
        raise ValueError(f"`table` must be one of {known}, got {table!r}.")
    extra = parameter_columns(parameters or {}) if table == "trials" else ()
    metadata = {TABLE_KEY: table.encode(), VERSION_KEY: VERSION.encode()}
    return pa.schema((*ASSIGNED, *TABLES[table].columns, *extra), metadata)
