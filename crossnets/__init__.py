"""Distributed hyperparameter search for Crossing Nets: the public names.

Names are loaded at first use: opening a store needs neither Ray nor torch.
"""

import pkgutil
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from pathlib import Path

    from cnets.inference.models import open_model as load
    from harness.definition.options import SearchOptions
    from harness.finals import Finals, rerun
    from harness.repeat import train
    from harness.search import Search, search
    from results.store import Store

    def open(location: str | Path, *, create: bool = False) -> Store:  # noqa: A001
        """See `results.Store.open`."""
        ...


__all__ = [
    "Finals",
    "Search",
    "SearchOptions",
    "Store",
    "load",
    "open",
    "rerun",
    "search",
    "train",
]

_HOMES = {
    "Finals": "harness.finals:Finals",
    "Search": "harness.search:Search",
    "SearchOptions": "harness.definition.options:SearchOptions",
    "Store": "results.store:Store",
    "load": "cnets.inference.models:open_model",
    "open": "results.store:Store.open",
    "rerun": "harness.finals:rerun",
    "search": "harness.search:search",
    "train": "harness.repeat:train",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'crossnets' has no attribute {name!r}")
    return pkgutil.resolve_name(_HOMES[name])


def __dir__() -> list[str]:
    return __all__
