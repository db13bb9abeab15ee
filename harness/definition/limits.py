"""What a local Ray cluster needs of the system, besides cores and memory.

Ray itself ends with a line of its C++ log, or forty lines of traceback.
"""

import os
import resource
import shutil
from pathlib import Path


OPEN_FILES = 256
"""Least files that a process may have open."""

SHARED_BYTES = 64 * 2**20
"""Least space for shared memory."""

SHARED = Path("/dev/shm")

SOCKET_BYTES = 107
"""Longest path of a socket on Linux (`sun_path` less its end)."""

INSIDE = "/ray/session_2026-01-01_00-00-00_000000_1234567/sockets/plasma_store"
"""The longest path of a socket below Ray's temporary folder."""

SHORT = "/tmp"
"""A temporary folder that is short enough."""


def temporary_folder() -> str:
    """Where Ray puts its sockets: as ray 2.60 decides (`get_user_temp_dir`)."""
    return os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or SHORT


def is_too_long(folder: str) -> bool:
    """Whether a socket below a temporary folder would have too long a path."""
    return len(os.fsencode(Path(folder).absolute())) + len(INSIDE) > SOCKET_BYTES


def check() -> None:
    """Refuse what is too small for a cluster on this machine.

    Raises:
        ValueError: If few files may be open, or there is little shared memory.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < OPEN_FILES:
        rule = f"Open files must be {OPEN_FILES} or more a process, got {files}"
        raise ValueError(f"{rule}: ulimit -n 4096.")
    if SHARED.is_dir() and shutil.disk_usage(SHARED).free < SHARED_BYTES:
        free = shutil.disk_usage(SHARED).free / 2**20
        rule = f"{SHARED} must have {SHARED_BYTES / 2**20:.0f} MiB free for Ray"
        raise ValueError(f"{rule}, got {free:.0f} MiB (docker: --shm-size).")
