"""Small JSON files (store, header, driver) that are checked when they are read."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from results.format.storage import StorageError


def encode(record: Mapping[str, Any]) -> bytes:
    """The record as JSON with the SHA-256 of its own text beside it.

    Args:
        record: Values that JSON can hold, NaN and infinity not among them.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: If a value is NaN or infinite.
        TypeError: If a value is of a type that JSON lacks.
    """
    said = {"sha256": _digest(record), "record": record}
    return json.dumps(said, indent=2, allow_nan=False).encode() + b"\n"


def decode(path: str, data: bytes) -> dict[str, Any]:
    """The record that `encode` wrote.

    Args:
        path: Where the bytes come from, for the error.
        data: The bytes.

    Returns:
        The record.

    Raises:
        StorageError: If the bytes are not those of a record, or were changed.
    """
    try:
        said = json.loads(data)
        if said["sha256"] == _digest(said["record"]):
            return dict(said["record"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StorageError(f"`{path}` is damaged: it is no record.") from error
    raise StorageError(f"`{path}` is damaged: its checksum does not match.")


def _digest(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
