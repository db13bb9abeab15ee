"""What somebody asks of the driver of a search, from any process that sees the store.

A request is a file beside those of the drivers, `<driver_epoch>-<id>.asked.json`, made
exclusively and for one driver only: those that a driver has left behind are never
carried out by the next. The driver says what became of it in `<id>.answer.json` and
removes the request; who asked removes the answer.
"""

import contextlib
import uuid
from collections.abc import Mapping
from typing import Any

from results.format import records
from results.format.storage import Storage, StorageError


_ASKED, _ANSWER = ".asked.json", ".answer.json"


def ask(
    storage: Storage, search: str, driver_epoch: int, wish: Mapping[str, Any]
) -> str:
    """Ask a driver for something; durable when it returns.

    Args:
        storage: Where the search is.
        search: Its name.
        driver_epoch: The driver's.
        wish: What is wanted, as JSON.

    Returns:
        What the request is known by.

    Raises:
        StorageError: If the store cannot be written.
    """
    request = f"drivers/{search}/{driver_epoch:07d}-{uuid.uuid4().hex}"
    storage.create(f"{request}{_ASKED}", records.encode(wish))
    return request


def pending(storage: Storage, search: str, driver_epoch: int) -> list[str]:
    """The requests to a driver that it has not answered, in no order.

    Raises:
        StorageError: If the store cannot be listed.
    """
    ours = f"drivers/{search}/{driver_epoch:07d}-"
    return [
        path.removesuffix(_ASKED)
        for path in storage.list(f"drivers/{search}")
        if path.startswith(ours) and path.endswith(_ASKED)
    ]


def wish_of(storage: Storage, request: str) -> dict[str, Any]:
    """What is wanted.

    Raises:
        FileNotFoundError: If it was withdrawn.
        StorageError: If it is damaged, or cannot be read.
    """
    return records.decode(request, storage.get(f"{request}{_ASKED}"))


def answer(storage: Storage, request: str, said: Mapping[str, Any]) -> None:
    """Say what became of a request, and remove it.

    Raises:
        StorageError: If the store cannot be written.
    """
    storage.create(f"{request}{_ANSWER}", records.encode(said))
    storage.delete(f"{request}{_ASKED}")


def answer_to(storage: Storage, request: str) -> dict[str, Any] | None:
    """What a driver has said; None as long as it has not. It is given once.

    Raises:
        StorageError: If it is damaged, or the store cannot be read or written.
    """
    try:
        data = storage.get(f"{request}{_ANSWER}")
    except FileNotFoundError:
        return None
    storage.delete(f"{request}{_ANSWER}")
    return records.decode(request, data)


def withdraw(storage: Storage, request: str) -> None:
    """Remove a request that nobody waits for; one that is gone already is no error.

    Raises:
        StorageError: If it cannot be removed.
    """
    storage.delete(f"{request}{_ASKED}")


def clear(storage: Storage, search: str, driver_epoch: int) -> None:
    """Remove what was asked of earlier drivers, and what they have answered.

    What cannot be removed does no harm.
    """
    ours = f"drivers/{search}/{driver_epoch:07d}-"
    with contextlib.suppress(StorageError):
        for path in storage.list(f"drivers/{search}"):
            if path.endswith((_ASKED, _ANSWER)) and path < ours:
                storage.delete(path)
