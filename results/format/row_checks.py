"""Rows are checked here before anything is written.

A row that is not exactly of its table is refused; one that is becomes plain Python
values, which Arrow takes without changing them. The columns are in `schema`, the
sizes in `caps`.
"""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import pyarrow as pa

from results.format import caps, schema
from results.format.schema import SchemaMismatch


def check_row(table: str, columns: pa.Schema, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row in plain Python values, or a refusal.

    Args:
        table: Name of the table.
        columns: Its schema, from `schema.schema`.
        row: Value by column, without the columns of `schema.ASSIGNED`.

    Returns:
        A new dict with every column of the table but the assigned ones.

    Raises:
        SchemaMismatch: If a column is unknown or missing, a value is of another
            type or out of its type's range, a text or list is too long, a name
            cannot be part of a path, or a word is not one of the known.
    """
    assigned = {field.name for field in schema.ASSIGNED}
    own = [field for field in columns if field.name not in assigned]
    unknown = sorted(set(row) - {field.name for field in own})
    if unknown:
        raise SchemaMismatch(f"`{table}` has no column `{unknown[0]}` to be given.")
    return {field.name: _value(table, field, row.get(field.name)) for field in own}


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
    words = schema.WORDS.get((table, field.name))
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
