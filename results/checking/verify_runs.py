"""Checks of what training leaves in a store: checkpoints, products, prepared data.

`cnets` writes them and checks them when it loads them; this is a second reader of
the same layout, without torch or NumPy. Nothing is decoded: digests are compared.
`verify` puts these checks together with those of the tables.
"""

import hashlib
import json
from typing import Any

from results.format.storage import Storage


HEADER, TENSORS = "lane.json", "lane.safetensors"
"""The files of a checkpoint; without the first it is none, and nobody reads it."""

PRODUCT = "product.json"
"""The record of a pre-training's product, beside the files of a checkpoint."""

FACTS = "facts.json"
"""The record of a prepared set; its arrays' names stand in it."""

CACHE_LAYOUT = "-3"
"""End of the names of sets that this version makes and reads."""

PIECE_BYTES = 1 << 25
"""Bytes of an array that have one checksum."""

_KEY = "record_sha256"


def checkpoint_problem(storage: Storage, folder: str) -> tuple[str, str] | None:
    """What is wrong with a checkpoint.

    Args:
        storage: Where it is.
        folder: Path of its folder.

    Returns:
        The file and what is wrong with it; None if it is sound, or none at all.

    Raises:
        StorageError: If a file cannot be read.
    """
    header, tensors = f"{folder}/{HEADER}", f"{folder}/{TENSORS}"
    try:
        said = _record(storage.get(header), sealed_from=2)
    except FileNotFoundError:
        return None  # still being written, or removed
    except ValueError as error:
        return header, str(error)
    try:
        content = storage.get(tensors)
    except FileNotFoundError:
        return tensors, "It is missing."
    if len(content) != said.get("bytes", len(content)):
        return tensors, f"It must have {said['bytes']} bytes, and has {len(content)}."
    if hashlib.sha256(content).hexdigest() != said.get("sha256"):
        return tensors, "Its checksum does not match."
    return None


def product_problem(storage: Storage, folder: str) -> tuple[str, str] | None:
    """What is wrong with the product of a pre-training.

    Args:
        storage: Where it is.
        folder: Path of its folder, which is named by its key.

    Returns:
        The file and what is wrong with it; None if it is sound, or is gone.

    Raises:
        StorageError: If a file cannot be read.
    """
    record = f"{folder}/{PRODUCT}"
    try:
        said = _record(storage.get(record), sealed_from=0)
        storage.get(f"{folder}/{HEADER}")
    except FileNotFoundError:
        if not storage.list(folder):
            return None
        missing = HEADER if storage.exists(record) else PRODUCT
        return f"{folder}/{missing}", "It is missing."
    except ValueError as error:
        return record, str(error)
    if said.get("key") != folder.rpartition("/")[2]:
        return record, "It is the record of another product."
    return checkpoint_problem(storage, folder)


def cache_problem(storage: Storage, folder: str) -> tuple[str, str] | None:
    """What is wrong with a prepared data set.

    Args:
        storage: Where it is.
        folder: Path of its folder.

    Returns:
        The file and what is wrong with it; None if it is sound, or is gone.

    Raises:
        StorageError: If a file cannot be read.
    """
    facts = f"{folder}/{FACTS}"
    try:
        pieces = _record(storage.get(facts), sealed_from=0)["pieces"]
    except FileNotFoundError:
        return (facts, "It is missing.") if storage.list(folder) else None
    except (ValueError, KeyError) as error:
        return facts, str(error)
    for name, digests in pieces.items():
        try:
            if _pieces(storage, f"{folder}/{name}") != digests:
                return f"{folder}/{name}", "Its checksum does not match."
        except FileNotFoundError:
            return f"{folder}/{name}", "It is missing."
    return None


def _record(data: bytes, *, sealed_from: int) -> dict[str, Any]:
    """A record of `cnets.sealed`; older versions than `sealed_from` have no seal."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("It is no record.") from error
    if not isinstance(said, dict):
        raise ValueError("It is no record.")
    version = said.get("version")
    if _KEY not in said and isinstance(version, int) and 0 < version < sealed_from:
        return said
    digest = said.pop(_KEY, None)
    text = json.dumps(said, sort_keys=True).encode()
    whole = json.dumps({**said, _KEY: digest}, indent=1).encode()
    if digest != hashlib.sha256(text).hexdigest() or data != whole:
        raise ValueError("Its checksum does not match.")
    return said


def _pieces(storage: Storage, path: str) -> list[str]:
    """SHA-256 of each piece of a file; one piece at a time is in memory."""
    if storage.root is None:
        content = storage.get(path)
        starts = range(0, len(content), PIECE_BYTES)
        parts = (content[start : start + PIECE_BYTES] for start in starts)
        return [hashlib.sha256(part).hexdigest() for part in parts]
    digests = []
    with (storage.root / path).open("rb") as file:
        while part := file.read(PIECE_BYTES):
            digests.append(hashlib.sha256(part).hexdigest())
    return digests
