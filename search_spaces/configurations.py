"""The configurations of a space, counted and numbered where there are finitely many.

A real number has no end of values here, though a computer's has one.
"""

from collections.abc import Mapping
from math import prod

from search_spaces.parameters import OneOf, Parameter, Real, Value, Whole


def count(parameters: Mapping[str, Parameter]) -> int | None:
    """How many configurations there are; None if there is no end of them.

    Args:
        parameters: What varies, by name; one configuration if nothing does.
    """
    sizes = [_size(parameter) for parameter in parameters.values()]
    return None if None in sizes else prod(size for size in sizes if size is not None)


def number(parameters: Mapping[str, Parameter], values: Mapping[str, Value]) -> int:
    """The place of a configuration among all, from 0.

    Args:
        parameters: What varies, none of it real.
        values: A value of every parameter; others are passed over.
    """
    place = 0
    for name, parameter in parameters.items():
        size = _size(parameter)
        assert size is not None
        place = place * size + _place(parameter, values[name])
    return place


def at(parameters: Mapping[str, Parameter], place: int) -> dict[str, Value]:
    """The configuration at a place that `number` gives.

    Args:
        parameters: What varies, none of it real.
        place: From 0 to below `count`.
    """
    found: dict[str, Value] = {}
    for name, parameter in reversed(list(parameters.items())):
        size = _size(parameter)
        assert size is not None
        place, here = divmod(place, size)
        found[name] = _value(parameter, here)
    return {name: found[name] for name in parameters}


def _size(parameter: Parameter) -> int | None:
    match parameter:
        case Whole(low, high):
            return high - low + 1
        case OneOf(values):
            return len(values)
        case Real():
            return None


def _place(parameter: Parameter, value: Value) -> int:
    if isinstance(parameter, OneOf):
        return parameter.values.index(value)
    assert isinstance(value, int | float)
    return int(value) - int(parameter.low)


def _value(parameter: Parameter, place: int) -> Value:
    if isinstance(parameter, OneOf):
        return parameter.values[place]
    return int(parameter.low) + place
