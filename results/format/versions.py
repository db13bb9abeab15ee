"""Which files of other versions can be read, and the schema that they fit into.

Minor versions only add columns, so every file of this major version or an older one
can be read; what a file lacks is null.
"""

from collections.abc import Iterable

import pyarrow as pa

from results.format import schema
from results.format.schema import SchemaMismatch


def check_version(where: str, version: str | None) -> None:
    """Refuse what a newer major version has written.

    Args:
        where: The file, for the error.
        version: Its version, as major.minor; None if it has none.

    Raises:
        SchemaMismatch: If there is no version, or the major one is newer.
    """
    try:
        major = _major(version or "")
    except ValueError as error:
        raise SchemaMismatch(
            f"`{where}` must carry a schema version, got {version!r}."
        ) from error
    if major > _major(schema.VERSION):
        raise SchemaMismatch(
            f"`{where}` must have schema version {schema.VERSION} or older to be read by "
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
    version = metadata.get(schema.VERSION_KEY)
    check_version(where, None if version is None else version.decode())
    if metadata.get(schema.TABLE_KEY) != table.encode():
        raise SchemaMismatch(f"`{where}` must be a file of `{table}`, and is not.")


def is_old(found: pa.Schema) -> bool:
    """Whether a file is of an older major version than this one."""
    return is_older((found.metadata or {})[schema.VERSION_KEY].decode())


def is_older(version: str) -> bool:
    """Whether a version is of an older major version than this one."""
    return _major(version) < _major(schema.VERSION)


def merged(table: str, found: Iterable[pa.Schema]) -> pa.Schema:
    """The schema that files of several versions fit into.

    Args:
        table: Name of the table.
        found: Schemas of the files.

    Returns:
        The table's columns, then those that a newer minor version has added.
    """
    columns = {field.name: field for field in schema.schema(table)}
    for field in (field for one in found if not is_old(one) for field in one):
        columns.setdefault(field.name, field)
    return pa.schema(columns.values(), schema.schema(table).metadata)


def _major(version: str) -> int:
    return int(version.split(".")[0])
