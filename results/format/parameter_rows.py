"""The values of searched parameters as rows of the table `parameters`.

A number stands in the column `value`, a truth value there as 0 or 1, a text in
`text`. The labelled ratio is a column of `trials` and is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any


RATIO = "labelled_ratio"

_KINDS = {float: "float", int: "int", str: "string", bool: "bool"}


def rows(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Name, kind and value of each parameter.

    Args:
        values: The values of one trial by dotted name: float, int, str or bool.

    Yields:
        The cells of one row, but for `trial` and what the writer assigns.
    """
    for name, value in values.items():
        if name != RATIO:
            is_text = isinstance(value, str)
            yield {
                "name": name,
                "kind": _KINDS[type(value)],
                "value": None if is_text else float(value),
                "text": value if is_text else None,
            }
