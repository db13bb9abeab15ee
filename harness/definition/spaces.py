"""The space of a search: checked against the fields of a run, with its labelled ratios.

What a space can be made of is in `search_spaces`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cnets import suggestions
from cnets.config import TrainConfig
from harness.definition.options import SearchOptions
from search_spaces import (
    OneOf,
    Parameter,
    Real,
    Space,
    Value,
    Whole,
    configurations,
    registry,
)


RATIO = "labelled_ratio"
"""The field that is a context and is never proposed by a sampler."""


def space_of(options: SearchOptions, base: TrainConfig) -> Space:
    """The space of a search, started where the base configuration is.

    A preset or `--set` that moves a searched field moves the start with it, as
    far as the space reaches.

    Raises:
        ValueError: As `started`.
    """
    return started(registry.space(options.space), base)


def started(space: Space, base: TrainConfig) -> Space:
    """A space that is known to vary fields of a run, started where a run is.

    Raises:
        ValueError: If a parameter is no field of a run, or a run cannot have a value
            of it.
    """
    known = base.flat()
    for name in space.unknown(known):
        raise ValueError(
            f"`space` must vary fields of the run, got `{name}` in `{space.name}`"
            f"{suggestions.nearest(name, known)}"
        )
    paper = type(base)().flat()
    moved = {
        name: known[name]
        for name, parameter in space.parameters.items()
        if known[name] != paper[name] and parameter.holds(known[name])
    }
    for values in _corners(space):
        base.replace(values)
    return space.started_at(moved)


def ratios_of(space: Space, wanted: Sequence[float] | None = None) -> tuple[float, ...]:
    """The labelled ratios of a search, each once, smallest first.

    Args:
        space: What may vary.
        wanted: The ratios to keep; None keeps the space's. A space that does
            not vary the ratio takes any.

    Raises:
        ValueError: If `wanted` names a ratio that the space does not have, or
            neither names one.
    """
    parameter = space.parameters.get(RATIO)
    if parameter is None:
        if not wanted:
            rule = f"given where the space does not vary `{RATIO}`"
            raise ValueError(f"`ratios` must be {rule}, got none.")
        return tuple(sorted(set(wanted)))
    if not isinstance(parameter, OneOf):
        rule = f"a choice (one_of) where a space varies it, got {parameter}"
        raise ValueError(f"`{RATIO}` must be {rule}.")
    known = [float(value) for value in parameter.values]
    for ratio in wanted or ():
        if ratio not in known:
            shown = ", ".join(map(str, known))
            raise ValueError(f"`ratios` must be among {shown}, got {ratio}.")
    return tuple(sorted(set(wanted or known)))


def searched(space: Space) -> dict[str, Parameter]:
    """The parameters that a sampler proposes: all but the labelled ratio."""
    return {name: p for name, p in space.parameters.items() if name != RATIO}


def untried(
    space: Space,
    ratios: Sequence[float],
    tried: Iterable[tuple[float, Mapping[str, Value]]],
) -> int | None:
    """How many configurations are left, over all ratios; None if there is no end.

    Args:
        space: What may vary.
        ratios: The labelled ratios of the search.
        tried: Ratio and values of each trial.
    """
    parameters = searched(space)
    size = configurations.count(parameters)
    if size is None:
        return None
    known = {(r, configurations.number(parameters, values)) for r, values in tried}
    return size * len(ratios) - len(known)


def kind(parameter: Parameter) -> str:
    """The store's name for the type of a parameter."""
    if isinstance(parameter, Whole):
        return "int"
    if isinstance(parameter, OneOf):
        if all(isinstance(value, str) for value in parameter.values):
            return "string"
        if all(isinstance(value, int) for value in parameter.values):
            return "int"
    return "float"


def _corners(space: Space) -> Iterator[dict[str, Value]]:
    """Every parameter at each of its ends, one at a time."""
    for name, parameter in space.parameters.items():
        if isinstance(parameter, Real | Whole):
            yield {name: parameter.low}
            yield {name: parameter.high}
        else:
            yield from ({name: value} for value in parameter.values)
