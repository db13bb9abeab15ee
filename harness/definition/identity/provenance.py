"""Where a row came from: code version and environment, from a list of facts.

Only what is named here is recorded: no environment variables, no addresses, no
paths, so no secret can get into a store.
"""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any


PACKAGES = ("torch", "ray", "optuna", "pyarrow", "duckdb", "obstore", "numpy")
"""Distributions whose versions are recorded."""


def code_version() -> str:
    """Version of the distribution, with the commit when run from a checkout.

    Returns:
        Such as `0.1.0+g1a2b3c4d5e6f`, with `.dirty` behind it if tracked files
        differ from the commit.
    """
    version = metadata.version("crossnets")
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return version
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return version
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{version}+g{commit}{'.dirty' if changed else ''}"


def environment() -> dict[str, Any]:
    """Versions, processor and operating system of this process."""
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _git(root: Path, *arguments: str) -> str | None:
    """Output of a git command, or None where git cannot answer."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
