"""The store: what searches wrote, and questions to it. No Ray, no torch.

Names are loaded at first use, so that opening the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from results import queries, statistics
    from results.format.headers import Header
    from results.format.names import check_name
    from results.format.schema import SchemaMismatch
    from results.format.storage import StorageError
    from results.store import Store
    from results.writing.writer import Writer

__all__ = [
    "Header",
    "SchemaMismatch",
    "StorageError",
    "Store",
    "Writer",
    "check_name",
    "queries",
    "statistics",
]

_HOMES = {
    "Header": "results.format.headers",
    "SchemaMismatch": "results.format.schema",
    "StorageError": "results.format.storage",
    "Store": "results.store",
    "Writer": "results.writing.writer",
    "check_name": "results.format.names",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'results' has no attribute {name!r}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    return import_module(f"results.{name}")
