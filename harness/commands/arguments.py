"""What the options of several commands have in common.

The options of a command themselves are in its module.
"""

import dataclasses
from typing import Annotated, Any

from tyro.conf import arg

from harness.definition.options import SearchOptions


StoreFolder = Annotated[str, arg(metavar="DIR")]
"""Type of `--store`."""

FORMATS = ("table", "json", "csv")
"""What `--format` takes where the answer is a table."""


def check_format(value: str) -> None:
    """Refuse a format that is none of `FORMATS`.

    Raises:
        ValueError: If it is another one.
    """
    if value not in FORMATS:
        known = ", ".join(FORMATS)
        raise ValueError(f"`--format` must be one of {known}, got {value!r}.")


def check_table_or_json(value: str) -> None:
    """Refuse a format where the answer is more than one table, and CSV cannot be.

    Raises:
        ValueError: If it is neither `table` nor `json`.
    """
    if value not in ("table", "json"):
        raise ValueError(f"`--format` must be table or json, got {value!r}.")


def search_options(typed: Any) -> SearchOptions:
    """The options of a search alone, from those of a command that has more.

    Args:
        typed: A dataclass with every field of `SearchOptions`.
    """
    names = [field.name for field in dataclasses.fields(SearchOptions)]
    return SearchOptions(**{name: getattr(typed, name) for name in names})
