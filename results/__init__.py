"""The store: what searches wrote, and questions to it. No Ray, no torch.

Names are loaded at first use, so that opening the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from results import caps, compaction, queries, schema, statistics
    from results.header import Header
    from results.names import check_name
    from results.schema import SchemaMismatch
    from results.storage import StorageError
    from results.store import Store
    from results.writer import Writer

__all__ = [
    "Header",
    "SchemaMismatch",
    "StorageError",
    "Store",
    "Writer",
    "caps",
    "check_name",
    "compaction",
    "queries",
    "schema",
    "statistics",
]

_HOMES = {
    "Header": "header",
    "SchemaMismatch": "schema",
    "StorageError": "storage",
    "Store": "store",
    "Writer": "writer",
    "check_name": "names",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'results' has no attribute {name!r}")
    module = import_module(f"results.{_HOMES.get(name, name)}")
    return getattr(module, name) if name in _HOMES else module
