"""What the options of several commands have in common.

The options of a command themselves are in its module.
"""

import dataclasses
from typing import Annotated, Any, Literal

from tyro.conf import arg

from harness.definition.options import SearchOptions


StoreFolder = Annotated[str, arg(metavar="DIR")]
"""Type of `--store`."""

Format = Literal["table", "json", "csv"]
"""Type of `--format` where the answer is a table."""

TableOrJson = Literal["table", "json"]
"""Type of `--format` where the answer is more than one table, and CSV cannot be."""

Side = Literal[32, 64, 128]
"""Type of `--side`, in pixels; the same as `cnets.config.SIDES_PX`."""


def search_options(typed: Any) -> SearchOptions:
    """The options of a search alone, from those of a command that has more.

    Args:
        typed: A dataclass with every field of `SearchOptions`.
    """
    names = [field.name for field in dataclasses.fields(SearchOptions)]
    return SearchOptions(**{name: getattr(typed, name) for name in names})
