"""The connection to Ray: silent, with a cluster of its own or one that is there.

What was found in ray 2.60 and is relied on:

- Tune's handler of SIGUSR1 stays after a search (tune.py,
  `_setup_signal_catching`), so it is put back. That of SIGINT waits for the epochs
  under way and swallows a later Ctrl-C: it is switched off.
- `ray.init` sets a handler of SIGTERM that exits the process with 15
  (`_private/worker.py`, `connect`); put back as well.
- `ray.init` asks an address where nothing listens for a quarter of an hour, with
  warnings (`_private/node.py`, `_init_gcs_client`), and `auto` may be one: the
  file that names it outlives its cluster. So the port is tried first. Only
  `_private/services.py` says what `auto` means.
- A local cluster starts an autoscaler, a reader of logs and the server of the
  dashboard even without a dashboard (`_private/node.py`, `start_head_processes`).
  Nobody asks them anything here; they take a second of the start, and one of the
  end, as the autoscaler does not hear SIGTERM.
"""

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import ray
from ray._private import node, services
from ray.exceptions import RayError

from harness.diagnosis import logs


QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
}
"""Settings without which Ray prints, logs to files of its own or moves the
working directory of a trial."""

LEVELS = {
    "ray": logging.CRITICAL,
    "ray.tune.execution.insufficient_resources_manager": logging.WARNING,
}
"""Log levels under which only what a user can act on is shown."""

IDLE = ("start_monitor", "start_log_monitor", "start_api_server")
"""What starts the processes that a cluster for one search does not need."""

REACH_S = 5.0
"""How long a cluster's port may take to answer."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
"""Signals that Ray or Tune take for themselves."""

SHUT_DOWN_S = 6.0
"""How long Ray may take to end; what has to be kept is on disk by then."""


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Ray without its messages: environment and log levels, put back after.

    What a user can act on still shows: that resources for a trial are lacking.
    """
    before = {key: os.environ.get(key) for key in QUIET}
    levels = {key: logging.getLogger(key).level for key in LEVELS}
    os.environ.update(QUIET)
    for key, level in LEVELS.items():
        logging.getLogger(key).setLevel(level)
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})
        for key, level in levels.items():
            logging.getLogger(key).setLevel(level)


@contextlib.contextmanager
def cluster(address: str | None = None, cpus: int | None = None) -> Iterator[None]:
    """A connection to Ray, closed after; silent.

    Args:
        address: Where a cluster runs, `auto` to find it; None or `local` starts
            a local one, which ends with the connection.
        cpus: Cores of a local one; None takes all.

    Raises:
        ValueError: If no cluster answers there, or it refuses us.
    """
    with quietly():
        try:
            with signals_put_back():
                if address in (None, "local"):
                    with _without_idle():
                        _init(address="local", num_cpus=cpus, include_dashboard=False)
                else:
                    _join(address)
        except SystemExit as error:  # Ray's handler of SIGTERM, while it starts
            raise KeyboardInterrupt from error
        try:
            yield
        finally:
            _shut_down()


@contextlib.contextmanager
def connected(address: str | None, slots: int | None) -> Iterator[tuple[int, bool]]:
    """A cluster, how many trials to run at once on it, and whether it has GPUs."""
    address = address or os.environ.get("RAY_ADDRESS")
    with cluster(address, cpus=slots):
        have = ray.cluster_resources()
        gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 1))
        yield slots or gpus or max(cpus, 1), gpus > 0


def _join(address: str) -> None:
    """Connects to a cluster that is there.

    Raises:
        ValueError: If none answers, or it refuses us.
    """
    rule = "`address` must be auto or the HOST:PORT of a Ray cluster"
    try:
        found = services.canonicalize_bootstrap_address_or_die(address)
        host, _, port = found.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
    except (ConnectionError, OSError, ValueError) as error:
        raise ValueError(f"{rule}; none answers at {address!r}: {error}") from error
    try:
        _init(address=address)
    except (ConnectionError, RuntimeError, RayError) as error:
        raise ValueError(
            f"{rule} that takes us; the one at {found} does not (same versions? "
            f"RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH as it has them?): {error}"
        ) from error


def _shut_down() -> None:
    """Close the connection; do not wait long for a cluster that has died.

    A signal to a whole job, as Slurm sends it, ends Ray's own processes too, and
    then `ray.shutdown` asks a dead one for a minute.
    """
    thread = threading.Thread(target=_ended, daemon=True)
    thread.start()
    thread.join(SHUT_DOWN_S)


def _ended() -> None:
    try:
        ray.shutdown()
    except Exception:  # in a thread, where nobody sees it
        logs.LOGGER.exception("The connection to Ray could not be closed")


@contextlib.contextmanager
def _without_idle() -> Iterator[None]:
    """Clusters that start meanwhile do without the processes of `IDLE`."""
    before = {name: getattr(node.Node, name) for name in IDLE}
    for name in IDLE:
        setattr(node.Node, name, lambda *_, **__: None)
    try:
        yield
    finally:
        for name, theirs in before.items():
            setattr(node.Node, name, theirs)


def _init(**where: Any) -> None:
    ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **where)


@contextlib.contextmanager
def signals_put_back() -> Iterator[None]:
    """Undoes the signal handlers of Ray, which exits at SIGTERM, and of Tune."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Tune sets none there
        return
    before = {key: signal.getsignal(key) for key in SIGNALS}
    try:
        yield
    finally:
        for key, handler in before.items():
            signal.signal(key, handler)
