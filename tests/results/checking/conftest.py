"""A full store, what is found in it, and files put into it behind its back."""

import hashlib
import json
from pathlib import Path

import pytest

from results.checking.verify import verify


@pytest.fixture
def full(store, make):
    """`demo` with two drivers and several segments."""
    for _ in range(2):
        with store.writer("demo") as writer:
            for number in range(3):
                writer.append("trials", make.trial(number))
                writer.append("reports", make.report(1, trial=f"t-{number:05d}"))
                writer.append("decisions", make.decision(1))
                writer.flush()
            writer.append("finals", make.final())
    return store


def _findings(store, search=None) -> dict[str, str]:
    """Problem by path, without waiting to look again."""
    return {f.path: f.problem for f in verify(store.storage, search, again_s=0)}


def _put(store, path: str, data: bytes) -> Path:
    """Write a file of a store behind its back."""
    target = store.storage.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def _sealed(record: dict) -> bytes:
    """What `cnets.sealed` writes, by hand."""
    text = json.dumps(record, sort_keys=True).encode()
    digest = hashlib.sha256(text).hexdigest()
    return json.dumps(record | {"record_sha256": digest}, indent=1).encode()


def _put_checkpoint(store, folder: str, **changes) -> None:
    """A checkpoint as `cnets` writes it."""
    tensors = b"tensors" * 9
    said = {"version": 2, "bytes": 63, "sha256": hashlib.sha256(tensors).hexdigest()}
    _put(store, f"{folder}/lane.safetensors", tensors)
    _put(store, f"{folder}/lane.json", _sealed(said | changes))


def _put_set(store, folder: str) -> None:
    """A prepared set as `cnets` makes it."""
    pieces = {}
    for name, data in (("crops.npy", b"crops"), ("centres.npy", b"centres")):
        _put(store, f"{folder}/{name}", data)
        pieces[name] = [hashlib.sha256(data).hexdigest()]
    _put(store, f"{folder}/facts.json", _sealed({"version": 3, "pieces": pieces}))


@pytest.fixture
def findings():
    """Problem by path: `findings(store, search)`."""
    return _findings


@pytest.fixture
def put():
    """Writes a file of a store: `put(store, path, data)`."""
    return _put


@pytest.fixture
def sealed():
    """A record as `cnets` seals it: `sealed(record)`."""
    return _sealed


@pytest.fixture
def put_checkpoint():
    """Writes a checkpoint: `put_checkpoint(store, folder)`."""
    return _put_checkpoint


@pytest.fixture
def put_set():
    """Writes a prepared set: `put_set(store, folder)`."""
    return _put_set
