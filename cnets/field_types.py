"""What a field of a configuration can hold: a number, or one of some words.

Ranges of numbers are the configuration's own (`config`).
"""

from typing import Any, Literal, get_args, get_origin


def choices(kind: Any) -> tuple[str, ...]:
    """The words of a field that is a choice; none for one that is a number.

    Args:
        kind: The field's type.
    """
    return get_args(kind) if get_origin(kind) is Literal else ()


def typed(name: str, value: Any, kind: Any) -> Any:
    """A value as the field's type; whole floats pass for integers, texts do not.

    Args:
        name: Of the field, for errors.
        value: Any value.
        kind: The field's type: `int`, `float`, `int | None`, or a `Literal` of texts.

    Raises:
        ValueError: If the value is none of that type.
    """
    words = choices(kind)
    if words:
        if value not in words:
            known = ", ".join(words)
            raise ValueError(f"`{name}` must be one of {known}, got {value!r}.")
        return value
    if value is None and kind == int | None:
        return None
    whole = kind in (int, int | None)
    rule = "a whole number" if whole else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`{name}` must be {rule}, got {value!r}.")
    if whole and not float(value).is_integer():
        raise ValueError(f"`{name}` must be {rule}, got {value!r}.")
    return int(value) if whole else float(value)
