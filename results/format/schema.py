"""The tables of a store: columns, types, units, keys and the version.

Units stand in the column names. Columns are only added, never retyped and never
given another meaning: an added column raises the minor version, anything else
the major one. A row that is not exactly of its table is refused here, before
anything is written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

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

_WORDS = {
    ("trials", "event"): EVENTS,
    ("trials", "state"): STATES,
    ("trials", "origin"): ("start", "random", "tpe"),
    ("decisions", "action"): ("continue", "stop"),
}
_PARAMETER_TYPES = {
    "float": pa.float64(),
    "int": pa.int64(),
    "string": pa.string(),
    "bool": pa.bool_(),
}
_TIME = pa.timestamp("us", tz="UTC")
_VERSION_KEY, _TABLE_KEY = b"crossnets.schema_version", b"crossnets.table"


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
    metadata = {_TABLE_KEY: table.encode(), _VERSION_KEY: VERSION.encode()}
    return pa.schema((*ASSIGNED, *TABLES[table].columns, *extra), metadata)


def check_row(table: str, columns: pa.Schema, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row in plain Python values, or a refusal.

    Args:
        table: Name of the table.
        columns: Its schema, from `schema`.
        row: Value by column, without the columns of `ASSIGNED`.

    Returns:
        A new dict with every column of the table but the assigned ones.

    Raises:
        SchemaMismatch: If a column is unknown or missing, a value is of another
            type or out of its type's range, a text or list is too long, a name
            cannot be part of a path, or a word is not one of the known.
    """
    assigned = {field.name for field in ASSIGNED}
    own = [field for field in columns if field.name not in assigned]
    unknown = sorted(set(row) - {field.name for field in own})
    if unknown:
        raise SchemaMismatch(f"`{table}` has no column `{unknown[0]}` to be given.")
    return {field.name: _value(table, field, row.get(field.name)) for field in own}


def check_version(where: str, version: str | None) -> None:
    """Refuse what a newer major version has written.

    Args:
        where: The file, for the error.
        version: Its version, as major.minor; None if it has none.

    Raises:
        SchemaMismatch: If there is no version, or the major one is newer.
    """
    try:
        major = int((version or "").split(".")[0])
    except ValueError as error:
        raise SchemaMismatch(
            f"`{where}` must carry a schema version, got {version!r}."
        ) from error
    if major > int(VERSION.split(".")[0]):
        raise SchemaMismatch(
            f"`{where}` must have schema version {VERSION} or older to be read by "
            f"this crossnets, got {version}: install a newer crossnets."
        )


def check_file(where: str, table: str, found: pa.Schema) -> None:
    """Refuse a file of another table or of a newer major version.

    Args:
        where: Path of the file, for the error.
        table: Table whose folder the file lies in.
        found: The schema read from the file.

    Raises:
        SchemaMismatch: If the metadata names another table or a newer version.
    """
    metadata = found.metadata or {}
    version = metadata.get(_VERSION_KEY)
    check_version(where, None if version is None else version.decode())
    if metadata.get(_TABLE_KEY) != table.encode():
        raise SchemaMismatch(f"`{where}` must be a file of `{table}`, and is not.")


def merged(table: str, found: Iterable[pa.Schema]) -> pa.Schema:
    """The schema that files of several searches and versions fit into.

    Args:
        table: Name of the table.
        found: Schemas of the files.

    Returns:
        The table's columns, then all others; a parameter that is whole in one
        search and real in another is real, one that is text anywhere is text.
    """
    columns = {field.name: field for field in schema(table)}
    for field in (field for one in found for field in one):
        known = columns.setdefault(field.name, field)
        if known.type != field.type:
            numeric = {known.type, field.type} == {_F64, _I64}
            columns[field.name] = pa.field(field.name, _F64 if numeric else _TEXT)
    return pa.schema(columns.values(), schema(table).metadata)


def _value(table: str, field: pa.Field, value: Any) -> Any:
    """The value of one column as a plain Python value that Arrow will take."""
    if type(value) is float and pa.types.is_floating(field.type):
        return value  # most cells; none of the rules below is about them
    if value is None:
        if field.nullable:
            return None
        raise SchemaMismatch(f"`{table}` must have a `{field.name}` in every row.")
    plain = _plain(field.type, value)
    if plain is None:
        raise SchemaMismatch(
            f"`{table}.{field.name}` must be of type {field.type}, got {value!r}."
        )
    try:
        caps.check_cell(f"{table}.{field.name}", plain)
    except ValueError as error:
        raise SchemaMismatch(str(error)) from error
    words = _WORDS.get((table, field.name))
    if words and plain not in words:
        known = ", ".join(words)
        raise SchemaMismatch(
            f"`{table}.{field.name}` must be one of {known}, got {value!r}."
        )
    return plain


def _plain(kind: pa.DataType, value: Any) -> Any:
    """The value as float, int, bool, str or list; None if it is of another type."""
    if pa.types.is_boolean(kind):
        return value if isinstance(value, bool) else None
    if pa.types.is_string(kind):
        return value if isinstance(value, str) and _is_unicode(value) else None
    if pa.types.is_list(kind):
        if not isinstance(value, list | tuple):
            return None
        parts = [_plain(kind.value_type, part) for part in value]
        return None if None in parts else parts
    if isinstance(value, bool):
        return None
    if pa.types.is_integer(kind):
        fits = isinstance(value, Integral) and -(1 << kind.bit_width - 1) <= int(
            value
        ) < (1 << kind.bit_width - 1)
        return int(value) if fits else None
    return _real(value)


def _real(value: Any) -> float | None:
    """The value as a float; None if it is no real number or out of range."""
    if not isinstance(value, Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _is_unicode(text: str) -> bool:
    """Whether the text can be stored as UTF-8 (a lone surrogate cannot)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
