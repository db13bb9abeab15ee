"""How much may be put into a store: sizes of texts, lists and sets of parameters.

A store is read by others, so what a search or its data say about themselves must
neither fill it nor lead a reader out of it by a name.
"""

from collections.abc import Iterable
from typing import Any

from results.format.names import check_name


TEXT_BYTES = 4 * 2**10
"""Most bytes of a text cell, as UTF-8."""

CONFIG_BYTES = 64 * 2**10
"""Most bytes of a cell of `config_json`."""

LIST_VALUES = 256
"""Most values in a list cell."""

PARAMETERS = 256
"""Most parameters of a search."""

NAME_BYTES = 256
"""Most bytes of a parameter's name, as UTF-8."""


def check_cell(where: str, value: Any) -> None:
    """Refuse a value that is too large for a cell, or no name where one must be.

    Args:
        where: Table and column, such as `trials.reason`.
        value: A plain value; a text must be one that UTF-8 can hold.

    Raises:
        ValueError: If a text or list is too long, or a trial's name could not be
            part of a path.
    """
    column = where.rpartition(".")[2]
    if isinstance(value, str):
        limit = CONFIG_BYTES if column == "config_json" else TEXT_BYTES
        size, unit = len(value.encode()), "bytes"
    elif isinstance(value, list):
        size, limit, unit = len(value), LIST_VALUES, "values"
    else:
        return
    if size > limit:
        raise ValueError(f"`{where}` must have at most {limit} {unit}, got {size}.")
    if column == "trial" and isinstance(value, str):
        check_name(where, value)


def check_parameters(names: Iterable[Any]) -> None:
    """Refuse names of parameters that are too many, too long or no texts.

    Raises:
        ValueError: If there are over `PARAMETERS`, or one is not 1 to `NAME_BYTES`
            bytes of UTF-8, all above 0.
    """
    given = list(names)
    if len(given) > PARAMETERS:
        raise ValueError(
            f"`parameters` must be at most {PARAMETERS}, got {len(given)}."
        )
    for name in given:
        size = len(name.encode("utf-8", "replace")) if isinstance(name, str) else 0
        if not 0 < size <= NAME_BYTES or "\0" in name:  # where DuckDB cuts names off
            rule = f"have names of 1 to {NAME_BYTES} bytes of text, none of them 0"
            raise ValueError(f"`parameters` must {rule}, got {str(name)[:80]!r}.")


def cut(text: str) -> str:
    """The text as a cell takes it: what is over the limit gives way to an ellipsis.

    Args:
        text: Such as the message of an exception; may hold what UTF-8 cannot.

    Returns:
        At most `TEXT_BYTES` bytes of UTF-8.
    """
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= TEXT_BYTES:
        return data.decode()
    return data[: TEXT_BYTES - 3].decode("utf-8", "ignore") + "\N{HORIZONTAL ELLIPSIS}"
