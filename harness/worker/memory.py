"""Running out of memory: how it is told from other failures, and what follows.

A run that needs more memory than there is would need it again, so it is not
tried again at the same size. Ray's own memory monitor, which ends a process from
outside, is dealt with in `harness.cluster.tune_loop`.
"""

import gc
import re

import torch


SAID = re.compile(
    r"can't allocate memory|not enough memory|out of memory|_STATUS_ALLOC_FAILED", re.I
)
"""How torch says it on the CPU, and the libraries of CUDA in their own words."""


def shortage(error: BaseException) -> str | None:
    """One line about memory that was not there; None for any other failure.

    Args:
        error: What a run has raised.

    Returns:
        Begins with `out of memory`; has no full stop.
    """
    told = isinstance(error, RuntimeError) and SAID.search(str(error))
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not told:
        return None
    lines = str(error).strip().splitlines() or [type(error).__name__]
    first = re.sub(r"^\[enforce fail[^\]]*\].*?(?=DefaultCPUAllocator)", "", lines[0])
    return f"out of memory: {first[:200].rstrip('. ')}"


def give_back() -> None:
    """Hand back what the last run of this process has held."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
