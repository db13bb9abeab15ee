"""JSON records that carry their own SHA-256, so that a changed one is never used.

The record stays plain JSON that any reader can open; the digest is one more
entry. Which files carry such a record is said where they are written.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


KEY = "record_sha256"
"""Name of the entry that holds the digest of all others."""


def encode(record: Mapping[str, Any]) -> bytes:
    """The record as JSON, with its digest as the last entry.

    Args:
        record: Values that JSON can hold; NaN and infinity are among them.

    Returns:
        The bytes of the file.
    """
    text = json.dumps(record, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps({**record, KEY: digest}, indent=1).encode()


def decode(data: bytes) -> dict[str, Any]:
    """The record that `encode` wrote.

    The whole text is compared, because JSON has several spellings of one value
    and a changed bit may turn one into another.

    Args:
        data: The bytes of the file.

    Returns:
        The record, without the digest.

    Raises:
        ValueError: If the bytes are not those that were written.
    """
    record = parse(data)
    if KEY not in record:
        raise ValueError(f"it lacks `{KEY}`")
    del record[KEY]
    if encode(record) != data:
        raise ValueError("its checksum does not match")
    return record


def parse(data: bytes) -> dict[str, Any]:
    """What a record says, checked or not, with its digest if it has one.

    Raises:
        ValueError: If the bytes are no JSON object.
    """
    try:
        record = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(record, dict):
        raise ValueError("it is no record")
    return record
