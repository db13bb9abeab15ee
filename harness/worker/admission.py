"""Whether a worker may train: the driver's code, its store and its data are there.

A worker on another node imports what is installed there and reads what lies there
under the same paths. What differs would give wrong numbers without a word, so it is
compared before the first epoch, and the node is named.
"""

import os
import socket
import time
import uuid
from pathlib import Path

from cnets import durable
from cnets.data.hand_data import HandData
from harness.definition.identity import code_identity
from harness.definition.identity.expected import Expected


PROBE = ".probe"
"""File among a search's checkpoints that holds the driver's token."""

UNFIT = "This node cannot take part"
"""How the reason of an `Unfit` starts; the driver knows it by that."""


SEEN_WITHIN_S, LOOK_EVERY_S = 30.0, 0.5
"""How long a file server may take to show the driver's file, and how often to look."""

_PASSED: set[str] = set()
"""Tokens of the drivers whose questions this process has answered."""


class Unfit(RuntimeError):
    """The worker's node lacks something, or has something else than the driver."""

    def __init__(self, what: str) -> None:
        """Say what is amiss with this node."""
        super().__init__(f"{UNFIT} ({socket.gethostname()}): {what}")


def expected(data_fingerprint: str, checkpoints: str | Path) -> Expected:
    """What this process, as a driver, expects of workers; leaves its probe.

    Args:
        data_fingerprint: Of the data.
        checkpoints: Folder of the search's checkpoints.

    Raises:
        OSError: If nothing can be written there.
    """
    return Expected(
        code=code_identity.code_sha256(),
        versions=code_identity.versions(),
        data=data_fingerprint,
        probe=str(Path(checkpoints) / PROBE),
        token=_leave_probe(Path(checkpoints)),
    )


def check(wanted: Expected | None) -> None:
    """Compare code and store with the driver's; nothing where nothing is expected.

    Raises:
        Unfit: If this worker has other code or versions, or not the driver's store.
    """
    if wanted is not None and wanted.token not in _PASSED:
        _check_code(wanted)
        _check_store(Path(wanted.probe), wanted.token)
        _PASSED.add(wanted.token)


def check_data(data: HandData, wanted: Expected | None) -> None:
    """Compare data that were opened with the driver's.

    Raises:
        Unfit: If they are others.
    """
    if wanted is not None and data.fingerprint != wanted.data:
        raise Unfit(f"the data under {data.name} are not those of the search.")


def _leave_probe(folder: Path) -> str:
    """Write a token that every worker is to find."""
    token = uuid.uuid4().hex
    folder.mkdir(parents=True, exist_ok=True)
    durable.write(folder / PROBE, token.encode())
    return token


def _check_code(wanted: Expected) -> None:
    for name, version in code_identity.versions().items():
        if version != wanted.versions.get(name):
            there = wanted.versions.get(name)
            raise Unfit(f"it has {name} {version}, and the driver has {there}.")
    if code_identity.code_sha256() != wanted.code:
        raise Unfit(
            f"its code of crossnets, in {code_identity.ROOT}, is not the driver's."
        )


def _check_store(probe: Path, token: str) -> None:
    """The driver's token is there, and a file can be left beside it."""
    until_s = time.monotonic() + SEEN_WITHIN_S
    while _text(probe) != token:
        if time.monotonic() >= until_s:
            rule = "is not what the driver wrote there, so the store is another"
            raise Unfit(f"{probe} {rule}.")
        time.sleep(LOOK_EVERY_S)
    own = probe.with_name(f"{PROBE}-{socket.gethostname()}-{os.getpid()}")
    try:
        own.write_text(token)
        own.unlink()
    except OSError as error:
        raise Unfit(f"{own} cannot be written: {error.strerror}.") from error


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
