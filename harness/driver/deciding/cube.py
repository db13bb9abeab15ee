"""The searched parameters of a space as points of the unit cube, for models.

A number lies where its share of the range is, on a logarithmic scale where the space
says so. A whole number or a choice has the middle of a section of equal width, so
that a uniform draw is uniform over them. Choices keep their order.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from search_spaces import OneOf, Parameter, Real, Value, Whole


class Cube:
    """A cube with one axis a parameter, in their order."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the parameters that are searched."""
        self.parameters = dict(parameters)

    def point(self, values: Mapping[str, Value]) -> NDArray[np.float64]:
        """Where a configuration lies.

        Args:
            values: A value of every parameter; others are passed over.
        """
        places = [_place(p, values[n]) for n, p in self.parameters.items()]
        return np.array(places, dtype=np.float64)

    def values(self, point: Sequence[float] | NDArray[np.float64]) -> dict[str, Value]:
        """The configuration at a point of the cube, or the nearest one."""
        named = zip(self.parameters.items(), point, strict=True)
        return {name: _value(p, float(share)) for (name, p), share in named}

    def snapped(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points moved to where configurations lie: whole numbers and choices."""
        moved = points.copy()
        for axis, parameter in enumerate(self.parameters.values()):
            if isinstance(parameter, OneOf):
                count = len(parameter.values)
                section = np.minimum(np.floor(points[:, axis] * count), count - 1)
                moved[:, axis] = (section + 0.5) / count
            elif isinstance(parameter, Whole):
                low, high = _bounds(parameter)
                scaled = low + points[:, axis] * (high - low)
                whole = np.rint(np.exp(scaled) if parameter.log else scaled)
                whole = np.clip(whole, parameter.low, parameter.high)
                scaled = np.log(whole) if parameter.log else whole
                moved[:, axis] = (scaled - low) / (high - low)
        return moved


def _place(parameter: Parameter, value: Value) -> float:
    if isinstance(parameter, OneOf):
        return (parameter.values.index(value) + 0.5) / len(parameter.values)
    assert isinstance(value, int | float)
    low, high = _bounds(parameter)
    return (_scaled(parameter, value) - low) / (high - low)


def _value(parameter: Parameter, share: float) -> Value:
    if isinstance(parameter, OneOf):
        count = len(parameter.values)
        return parameter.values[min(int(share * count), count - 1)]
    low, high = _bounds(parameter)
    scaled = low + min(max(share, 0.0), 1.0) * (high - low)
    value = math.exp(scaled) if parameter.log else scaled
    if isinstance(parameter, Whole):
        value = round(value)
    value = min(max(value, parameter.low), parameter.high)
    return int(value) if isinstance(parameter, Whole) else float(value)


def _bounds(parameter: Real | Whole) -> tuple[float, float]:
    """Ends of the axis: half a number beyond those of a whole one."""
    half = 0.5 if isinstance(parameter, Whole) else 0.0
    low, high = parameter.low - half, parameter.high + half
    return (math.log(low), math.log(high)) if parameter.log else (low, high)


def _scaled(parameter: Real | Whole, value: float) -> float:
    return math.log(value) if parameter.log else float(value)
