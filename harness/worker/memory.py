"""Running out of memory: how it is told from other failures, and what follows.

A run that needs more memory than there is would need it again, so it is not
tried again at the same size. Ray's own memory monitor, which ends a process from
outside, is dealt with in `harness.cluster.tune_loop`.

Torch is not loaded here: it takes seconds, and a process that only waits for a bank
does without.
"""

import gc
import re
import sys


SAID = re.compile(
    r"can't allocate memory|not enough memory|out ?of ?memory|_STATUS_ALLOC_FAILED",
    re.I,
)
"""How torch says it on the CPU, the libraries of CUDA in their own words, and the
name of torch's own error, which is a `RuntimeError`."""


def shortage(error: BaseException) -> str | None:
    """One line about memory that was not there; None for any other failure.

    Args:
        error: What a run has raised.

    Returns:
        Begins with `out of memory`; has no full stop.
    """
    name = type(error).__name__
    told = isinstance(error, RuntimeError) and SAID.search(f"{name}: {error}")
    if not isinstance(error, MemoryError) and not told:
        return None
    lines = str(error).strip().splitlines() or [name]
    first = re.sub(r"^\[enforce fail[^\]]*\].*?(?=DefaultCPUAllocator)", "", lines[0])
    return f"out of memory: {first[:200].rstrip('. ')}"


def give_back() -> None:
    """Hand back what the last run of this process has held."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
