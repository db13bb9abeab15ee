"""Asking the driver of a search for something, from a process of its own.

The driver may run on any machine that sees the store; `inbox.py` is its side.
"""

import os
import socket
import time
from collections.abc import Mapping
from typing import Any

from results import Store
from results.writing import requests
from results.writing.drivers import Driver


WAIT_S = 20.0
"""Longest time that an answer is waited for; a driver looks once a second."""

LOOK_EVERY_S = 0.1
"""Time between two looks for the answer."""


def ask(
    store: Store,
    search: str,
    wish: Mapping[str, Any],
    *,
    wait_s: float | None = None,
) -> str | None:
    """What the driver of a search says to a wish.

    Args:
        store: The store.
        search: Name of the search.
        wish: Its `kind`, see `inbox`, and what belongs to it.
        wait_s: Longest time to wait for the answer; `WAIT_S` if None.

    Returns:
        A sentence; None if nobody drives the search, also if the driver has gone
        without an answer.

    Raises:
        ValueError: If there is no such search, or its driver refuses.
        TimeoutError: If there is no answer yet; the wish stands.
        StorageError: If the store cannot be read or written.
    """
    store.header(search)
    driver = store.driver(search)
    if driver is None:
        return None
    by = f"process {os.getpid()} on {socket.gethostname()}"
    request = requests.ask(
        store.storage, search, driver.driver_epoch, {"by": by, **wish}
    )
    try:
        said = _answer(store, search, driver, request, wait_s or WAIT_S)
    except KeyboardInterrupt:
        requests.withdraw(store.storage, request)
        raise
    if said is None:
        requests.withdraw(store.storage, request)
        return None
    if said["is_refused"]:
        raise ValueError(said["sentence"])
    return said["sentence"]


def _answer(
    store: Store, search: str, driver: Driver, request: str, wait_s: float
) -> dict[str, Any] | None:
    """What the driver has said; None if it has gone without a word."""
    until_s = time.monotonic() + wait_s
    while True:
        now = store.driver(search)  # before the answer: its last may come just now
        if (said := requests.answer_to(store.storage, request)) is not None:
            return said
        if now is None or now.driver_epoch != driver.driver_epoch:
            return None
        if time.monotonic() > until_s:
            raise TimeoutError(
                f"Asked, and not taken yet: process {driver.pid} on {driver.host} "
                f"has not looked for {wait_s:.0f} s, as while it starts; it takes it "
                "when it looks."
            )
        time.sleep(LOOK_EVERY_S)
