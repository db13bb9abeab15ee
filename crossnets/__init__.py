"""Distributed hyperparameter search for Crossing Nets: the public names.

Names are loaded at first use: reading a store needs neither Ray nor torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from harness.definition.options import SearchOptions
    from harness.finals import Finals, rerun
    from harness.search import Search, search

__all__ = ["Finals", "Search", "SearchOptions", "rerun", "search"]

_HOMES = {
    "Finals": "harness.finals",
    "Search": "harness.search",
    "SearchOptions": "harness.definition.options",
    "rerun": "harness.finals",
    "search": "harness.search",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'crossnets' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
