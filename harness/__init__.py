"""Searches on Ray Tune: launch, query, rerun. The command line lies on top.

Names are loaded at first use: reading a store needs neither Ray nor torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from harness.finals import Finals, rerun
    from harness.launch import Search, search
    from harness.options import SearchOptions

__all__ = ["Finals", "Search", "SearchOptions", "rerun", "search"]

_HOMES = {
    "Finals": "finals",
    "Search": "launch",
    "SearchOptions": "options",
    "rerun": "finals",
    "search": "launch",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(f"harness.{_HOMES[name]}"), name)
