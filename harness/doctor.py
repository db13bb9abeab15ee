"""Checks of machine, store and data, each with what to mend.

The check of a Ray cluster is in `cluster/checks.py`.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from harness.definition import limits
from harness.diagnosis import errors
from results import StorageError, Store


LEAST_FREE_GIB = 2.0
"""Free disk under which the store is named as something to mend."""

LEAST_MEMORY_GIB_A_CORE = 1.0
"""Memory a core under which fewer trials at once are advised."""

DATA_FRAMES = 32
"""Frames of the data that are looked at."""

EXTRA = "search"
"""What to install for everything that is checked."""

Finding = dict[str, str]


def check(*, data: str, store: str, address: str | None) -> list[Finding]:
    """What was found, one row a check.

    Args:
        data: Data set to look at, such as `poses:DIR`.
        store: Folder of the store.
        address: Ray cluster to look at; None looks at none.

    Returns:
        Rows of `check`, `verdict` (`ok` or `mend`) and `finding`.
    """
    checks: dict[str, Callable[[], str]] = {
        "python": _python,
        "packages": _packages,
        "processor": _processor,
        "limits": _limits,
        "gpu": _gpu,
        "store": lambda: _store(store),
        "disk": lambda: _disk(store),
        "data": lambda: _data(data),
    }
    if address is not None:
        checks["cluster"] = lambda: _cluster(address)
    return [_judged(name, ask) for name, ask in checks.items()]


def _judged(name: str, ask: Callable[[], str]) -> Finding:
    try:
        return {"check": name, "verdict": "ok", "finding": ask()}
    except (ValueError, StorageError, ConnectionError) as error:
        if isinstance(error, ValueError) and not errors.is_users(error):
            raise
        finding = " ".join(str(error).split())
    except ModuleNotFoundError as error:
        finding = errors.lacking(error, EXTRA)
        if finding is None:
            raise
    return {"check": name, "verdict": "mend", "finding": finding}


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _packages() -> str:
    from harness.definition.identity.provenance import PACKAGES, environment

    found = environment()
    missing = [name for name in PACKAGES if found[name] is None]
    if missing:
        raise ValueError(
            f"Packages are missing: {', '.join(missing)}: "
            f"pip install 'crossnets[{EXTRA}]'."
        )
    return ", ".join(f"{name} {found[name]}" for name in PACKAGES)


def _processor() -> str:
    cores = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    if memory_gib < cores * LEAST_MEMORY_GIB_A_CORE:
        raise ValueError(
            f"Memory must be {LEAST_MEMORY_GIB_A_CORE:g} GiB a core or more, got "
            f"{memory_gib:.1f} GiB for {cores}: lower --concurrency."
        )
    return f"{cores} cores, {memory_gib:.1f} GiB of memory"


def _limits() -> str:
    """Open files, shared memory and the temporary folder, as Ray needs them."""
    limits.check()
    folder = limits.temporary_folder()
    if limits.is_too_long(folder):
        return f"sockets in {limits.SHORT}, as {folder!r} is too long for them"
    return f"open files, {limits.SHARED} and {folder} will do"


def _gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        return "none; trials run on the processor"
    return ", ".join(
        torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())
    )


def _store(store: str) -> str:
    """A store that is there is read; one that is not must be possible."""
    path = Path(store)
    if (path / "store.json").exists():
        return f"{path} holds {len(Store.open(path).searches())} searches"
    above = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise ValueError(f"`store` must be a folder that can be made, got {store!r}.")
    return f"{path} will be made by the first search"


def _disk(store: str) -> str:
    path = next(
        p
        for p in (Path(store).absolute(), *Path(store).absolute().parents)
        if p.exists()
    )
    free_gib = shutil.disk_usage(path).free / 2**30
    if free_gib < LEAST_FREE_GIB:
        raise ValueError(
            f"The disk of {path} must have {LEAST_FREE_GIB:g} GiB free, got {free_gib:.1f}."
        )
    return f"{free_gib:.0f} GiB free"


def _data(data: str) -> str:
    from cnets.data.opening import look
    from harness import check_data

    words, checked = look(data), check_data.check(data, frames=DATA_FRAMES)
    for finding in checked.found:
        raise ValueError(finding.sentence)
    facts = checked.facts()
    return f"{words}; {check_data.sentence(facts)}" if facts["looked_at"] else words


def _cluster(address: str) -> str:
    from harness.cluster import checks

    return checks.resources(address)
