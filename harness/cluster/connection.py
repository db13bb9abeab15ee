"""The connection to Ray: silent, with a cluster of its own or one that is there.

What was found in ray 2.60 and is relied on:

- Tune's handler of SIGUSR1 stays after a search (tune.py,
  `_setup_signal_catching`), so it is put back. That of SIGINT waits for the epochs
  under way and swallows a later Ctrl-C: it is switched off.
- `ray.init` sets a handler of SIGTERM that exits the process with 15
  (`_private/worker.py`, `connect`); put back as well.
- `ray.init` asks an address where nothing listens for a quarter of an hour, with
  warnings (`_private/node.py`, `_init_gcs_client`), so the port is tried first.
- `auto` is what RAY_ADDRESS says or, without it, a cluster that only Ray finds. The
  file that names it outlives its cluster, and the time limits of `ray.init` are read
  when Ray is imported. So a process of its own asks, which takes two seconds.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import ray
from ray.exceptions import RayError

from harness.definition import limits
from harness.definition.identity import code_identity
from harness.diagnosis import logs


QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "inf",
}
"""Settings without which Ray prints, logs to files of its own, moves the working
directory of a trial or writes every ten seconds what nothing here reads."""

LEVELS = {
    "ray": logging.CRITICAL,
    "ray.tune.execution.insufficient_resources_manager": logging.WARNING,
}
"""Log levels under which only what a user can act on is shown."""

REACH_S = 5.0
"""How long a cluster's port may take to answer."""

ASK = """
import ray
found = ray.init(address="auto", log_to_driver=False, logging_level="CRITICAL")
print(found.address_info["gcs_address"])
"""
"""Prints the HOST:PORT of the cluster that `auto` means."""

IMPATIENT = {
    "RAY_gcs_rpc_server_connect_timeout_s": "1",
    "RAY_gcs_server_port_wait_time_s": "1",
    "RAY_py_gcs_connect_timeout_s": "5",
}
"""Settings under which `ray.init` gives an address up after seven seconds."""

ASK_S = 60.0
"""How long the process that asks may take, on a machine however busy."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
"""Signals that Ray or Tune take for themselves."""

ENDING = "crossnets-ray-shutdown"
"""Name of the thread in which a connection ends."""

SHUT_DOWN_S = 6.0
"""How long Ray may take to end; what has to be kept is on disk by then."""


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Ray without its messages: environment and log levels, put back after.

    What a user can act on still shows: that resources for a trial are lacking.
    """
    before = {key: os.environ.get(key) for key in (*QUIET, "RAY_TMPDIR")}
    levels = {key: logging.getLogger(key).level for key in LEVELS}
    os.environ.update(QUIET)
    for key, level in LEVELS.items():
        logging.getLogger(key).setLevel(level)
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            os.environ.update({} if value is None else {key: value})
        for key, level in levels.items():
            logging.getLogger(key).setLevel(level)


@contextlib.contextmanager
def cluster(
    address: str | None = None, cpus: int | None = None, given: str = "address"
) -> Iterator[None]:
    """A connection to Ray, closed after; silent.

    Args:
        address: Where a cluster runs, `auto` to find it; None or `local` starts
            a local one, which ends with the connection.
        cpus: Cores of a local one; None takes all.
        given: What said the address, for an error.

    Raises:
        ValueError: If no cluster answers there, or it refuses us, or this machine's
            limits are too small for one.
    """
    with quietly():
        try:
            with signals_put_back():
                if address in (None, "local"):
                    limits.check()
                    if limits.is_too_long(limits.temporary_folder()):
                        os.environ["RAY_TMPDIR"] = limits.SHORT
                    _init(address="local", num_cpus=cpus, include_dashboard=False)
                else:
                    _join(address, given)
        except SystemExit as error:  # Ray's handler of SIGTERM, while it starts
            raise KeyboardInterrupt from error
        try:
            yield
        finally:
            _shut_down()


@contextlib.contextmanager
def connected(address: str | None, slots: int | None) -> Iterator[tuple[int, int]]:
    """A cluster, and how many cores and GPUs trials may take of it."""
    given = "address" if address else "RAY_ADDRESS"
    address = address or os.environ.get("RAY_ADDRESS")
    with cluster(address, cpus=slots, given=given):
        have = ray.cluster_resources()
        gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 1))
        yield max(cpus, 1), gpus


def awaited(address: str | None) -> str:
    """What is waited for until there is a connection, in words.

    Args:
        address: As for `connected`.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    if address in (None, "local"):
        return "starting Ray, about 6 s"
    return f"joining the Ray cluster {address}"


def trials_at_once(device: str, *, cpus: int, gpus: int) -> int:
    """How many trials run at once: one a GPU where they train on one, or one a core."""
    return gpus if device == "cuda" else cpus


def _join(address: str, given: str) -> None:
    """Connects to a cluster that is there.

    Raises:
        ValueError: If none answers, or it refuses us.
    """
    rule = f"`{given}` must be auto or the HOST:PORT of a Ray cluster"
    named = os.environ.get("RAY_ADDRESS") if address == "auto" else address
    try:
        if named:
            host, _, port = named.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
    except (OSError, ValueError) as error:
        raise ValueError(f"{rule}; none answers at {address!r}: {error}") from error
    try:
        _init(address=named or _named_by_ray())
    except (
        ConnectionError,
        RuntimeError,
        ValueError,
        RayError,
        subprocess.SubprocessError,
    ) as error:
        raise ValueError(
            f"{rule} that takes us; there is none at {named or address!r} (same "
            "versions? RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH as it has them?): "
            f"{error}"
        ) from error


def _named_by_ray() -> str:
    """The HOST:PORT of the cluster that `auto` means where RAY_ADDRESS is not set.

    Raises:
        ConnectionError: If there is none, or it does not take us.
        subprocess.SubprocessError: If Ray has not said so in time.
    """
    asked = subprocess.run(
        [sys.executable, "-c", ASK],
        env=os.environ | IMPATIENT,
        capture_output=True,
        text=True,
        timeout=ASK_S,
        check=False,
    )
    if asked.returncode:
        raise ConnectionError(asked.stderr.strip().rpartition("\n")[2])
    return asked.stdout.strip()


def _shut_down() -> None:
    """Close the connection; do not wait long for a cluster that has died.

    A signal to a whole job, as Slurm sends it, ends Ray's own processes too, and
    then `ray.shutdown` asks a dead one for a minute.
    """
    thread = threading.Thread(target=_ended, name=ENDING, daemon=True)
    thread.start()
    thread.join(SHUT_DOWN_S)


def _ended() -> None:
    try:
        ray.shutdown()
    except Exception:  # in a thread, where nobody sees it
        logs.LOGGER.exception("The connection to Ray could not be closed")


def _init(**where: Any) -> None:
    """Start or join, from the folder of our own code.

    Ray puts the folder that the driver is in before the installed packages of every
    worker (`_private/worker.py`, `connect`): another checkout there would be trained
    with. From here workers import what the driver has imported.
    """
    for thread in threading.enumerate():
        if thread.name == ENDING:
            thread.join()  # a connection of this process that is still ending
    with contextlib.chdir(code_identity.ROOT):
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
