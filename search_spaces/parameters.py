"""What a search may vary: kinds of parameter, and spaces made of them.

Bounds are inclusive at both ends, for every kind. An adapter that talks to a
library with other conventions converts there, and nowhere else. A space never
changes meaning: new bounds, new name.
"""

import dataclasses
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces import toml_files


LIMIT_PARAMETERS = 256
"""Most parameters of one space."""

Value = int | float | str
"""One value of one parameter."""


@dataclass(frozen=True)
class Real:
    """A real number in [low, high]."""

    low: float
    """Smallest value."""
    high: float
    """Largest value."""
    log: bool = False
    """Whether equal ratios, not equal distances, are equally likely."""

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log, int | float, "a finite number")

    def holds(self, value: Any) -> bool:
        """Whether `value` is a number within the bounds."""
        return _is(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Whole:
    """A whole number in [low, high]."""

    low: int
    """Smallest value."""
    high: int
    """Largest value."""
    log: bool = False
    """Whether equal ratios, not equal distances, are equally likely."""

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log, int, "a whole number")

    def holds(self, value: Any) -> bool:
        """Whether `value` is a whole number within the bounds."""
        return _is(value, int) and self.low <= value <= self.high


@dataclass(frozen=True)
class OneOf:
    """One of some values, without an order between them."""

    values: tuple[Value, ...]
    """What there is to choose from: numbers or strings, each once."""

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not isinstance(self.values, Iterable):
            raise ValueError(f"`values` must be a list, got {self.values!r}.")
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise ValueError("`values` must name at least one value, got none.")
        for value in self.values:
            if not _is(value, int | float | str):
                rule = "finite numbers or strings"
                raise ValueError(f"`values` must be {rule}, got {value!r}.")
        if len(set(self.values)) < len(self.values):
            shown = list(self.values)
            raise ValueError(f"`values` must name each value once, got {shown}.")

    def holds(self, value: Any) -> bool:
        """Whether `value` is one of the values."""
        return _is(value, int | float | str) and value in self.values


Parameter = Real | Whole | OneOf
"""What one field of a run may be."""

KINDS: dict[str, type[Parameter]] = {"real": Real, "whole": Whole, "one_of": OneOf}
"""The name of each kind in files."""


@dataclass(frozen=True)
class Space:
    """The parameters that a search varies, and where it starts."""

    name: str
    """Its name: letters, digits and underscores, a letter first."""
    parameters: Mapping[str, Parameter]
    """Kind and bounds, by dotted name of the field of the run."""
    start: Mapping[str, Value]
    """A value for every parameter; always the first trial."""
    then: tuple[Mapping[str, Value], ...] = ()
    """Changes to the start, each of which makes one of the trials that follow it."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(
            r"[A-Za-z]\w*", self.name
        ):
            rule = "letters, digits and underscores, a letter first"
            raise ValueError(f"`name` must be {rule}, got {self.name!r}.")
        object.__setattr__(self, "parameters", dict(self.parameters))
        object.__setattr__(self, "start", dict(self.start))
        object.__setattr__(self, "then", tuple(dict(change) for change in self.then))
        if not self.parameters:
            raise ValueError("`parameters` must name at least one, got none.")
        if len(self.parameters) > LIMIT_PARAMETERS:
            raise ValueError(
                f"`parameters` must name at most {LIMIT_PARAMETERS}, got "
                f"{len(self.parameters)}."
            )
        for name in self.parameters:
            if not all(part.isidentifier() for part in name.split(".")):
                rule = "dotted names such as `losses.kl`"
                raise ValueError(f"`parameters` must have {rule}, got {name!r}.")
        for values, what in zip(
            self.starts, ("start", *["then"] * len(self.then)), strict=True
        ):
            self.check(values, what)

    @property
    def starts(self) -> tuple[dict[str, Value], ...]:
        """The first trials, in their order: a value for every parameter."""
        return tuple({**self.start, **change} for change in ({}, *self.then))

    def check(self, values: Mapping[str, Any], what: str = "values") -> None:
        """Refuses values that are not exactly one point of the space.

        Args:
            values: A value for every parameter.
            what: What the error calls them.

        Raises:
            ValueError: If a parameter is missing, a name is none of the
                space's, or a value is outside its bounds.
        """
        missing = [name for name in self.parameters if name not in values]
        if missing:
            rule = "have a value for every parameter"
            raise ValueError(f"`{what}` must {rule}, got none for `{missing[0]}`.")
        for name, value in values.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                raise ValueError(f"`{what}` must name only {known}, got `{name}`.")
            if not self.parameters[name].holds(value):
                rule = _rule(self.parameters[name])
                raise ValueError(f"`{what}.{name}` must be {rule}, got {value!r}.")

    def unknown(self, known_names: Iterable[str]) -> list[str]:
        """Parameters that are none of `known_names`, in the space's order."""
        known = set(known_names)
        return [name for name in self.parameters if name not in known]

    def started_at(self, values: Mapping[str, Value]) -> "Space":
        """The same space with another start in some parameters.

        Args:
            values: New start values, by name of the parameter.

        Raises:
            ValueError: If a name is no parameter, or a value is out of bounds.
        """
        return dataclasses.replace(self, start={**self.start, **values})

    def to_json(self) -> str:
        """The space as one line of JSON; equal spaces give equal lines."""
        return json.dumps(
            {
                "name": self.name,
                "parameters": {k: _table(p) for k, p in self.parameters.items()},
                "start": self.start,
            }
            | ({"then": self.then} if self.then else {})
        )

    @classmethod
    def from_json(cls, text: str) -> "Space":
        """The space that `to_json` wrote.

        Raises:
            ValueError: If the text is no JSON or describes no space.
        """
        try:
            tables = json.loads(text)
        except RecursionError as error:
            raise ValueError("The JSON must not be nested so deep.") from error
        return _from_tables(tables, "the JSON")

    @classmethod
    def from_toml(cls, text: str, source: str) -> "Space":
        """The space that a user's file describes.

        Dotted names may be quoted (`[parameters."losses.kl"]`) or not
        (`[parameters.losses.kl]`).

        Args:
            text: What the file says.
            source: The file's name, for errors.

        Raises:
            ValueError: If the text is no TOML, is beyond a limit of `toml_files`,
                has an unknown key or kind, or describes no space; the sentence
                names `source`.
        """
        return _from_tables(toml_files.tables(text, source), source)

    @classmethod
    def from_file(cls, path: str, argument: str) -> "Space":
        """The space that a user's TOML file describes; see `from_toml`.

        Args:
            path: Where it is.
            argument: What the caller calls the path; errors name it.

        Raises:
            ValueError: If the file cannot be read, or as `from_toml`.
        """
        return _from_tables(toml_files.read(path, argument), path)


def _is(value: Any, kind: Any) -> bool:
    """Whether `value` has the type, is no truth value and is finite."""
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    return isinstance(value, str) or math.isfinite(value)


def _check_bounds(low: Any, high: Any, log: Any, kind: Any, rule: str) -> None:
    for name, value in {"low": low, "high": high}.items():
        if not _is(value, kind):
            raise ValueError(f"`{name}` must be {rule}, got {value!r}.")
    if not isinstance(log, bool):
        raise ValueError(f"`log` must be true or false, got {log!r}.")
    if not low < high:
        raise ValueError(f"`low` must be below `high`, got {low} and {high}.")
    if log and not low > 0:
        raise ValueError(f"`low` must be above 0 where `log` is true, got {low}.")


def _rule(parameter: Parameter) -> str:
    if isinstance(parameter, OneOf):
        return f"one of {', '.join(map(repr, parameter.values))}"
    kind = "a whole number" if isinstance(parameter, Whole) else "a number"
    return f"{kind} in [{parameter.low}, {parameter.high}]"


def _table(parameter: Parameter) -> dict[str, Any]:
    kind = next(name for name, cls in KINDS.items() if isinstance(parameter, cls))
    return {"kind": kind, **vars(parameter)}


def _from_tables(tables: Any, source: str) -> Space:
    wanted = ("name", "parameters", "start")
    given = (
        {n: t for n, t in tables.items() if n != "then"} if _is_table(tables) else {}
    )
    if not _same(given, wanted):
        found = ", ".join(tables) if _is_table(tables) else repr(tables)
        rule = f"exactly {', '.join(wanted)}"
        raise ValueError(f"{source} must have {rule}, got {found or 'nothing'}.")
    for key in wanted[1:]:
        if not _is_table(tables[key]):
            raise ValueError(f"`{key}` in {source} must be a table.")
    then = tables.get("then", [])
    if not isinstance(then, list) or not all(map(_is_table, then)):
        raise ValueError(f"`then` in {source} must be a list of tables.")
    parameters = {
        name: _parameter(table, f"`parameters.{name}` in {source}")
        for name, table in _leaves(tables["parameters"], "kind").items()
    }
    try:
        changes = tuple(_leaves(change, None) for change in then)
        start = _leaves(tables["start"], None)
        return Space(tables["name"], parameters, start, changes)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def _parameter(table: Any, where: str) -> Parameter:
    if not isinstance(table, dict) or table.get("kind") not in KINDS:
        got = table.get("kind") if isinstance(table, dict) else table
        known = ", ".join(KINDS)
        raise ValueError(f"`kind` of {where} must be one of {known}, got {got!r}.")
    kind = KINDS[table["kind"]]
    given = {key: value for key, value in table.items() if key != "kind"}
    known = [field.name for field in dataclasses.fields(kind)]
    unknown = [key for key in given if key not in known]
    if unknown:
        rule = f"only kind, {', '.join(known)}"
        raise ValueError(f"{where} must have {rule}, got `{unknown[0]}`.")
    missing = [key for key in known if key not in given and key != "log"]
    if missing:
        raise ValueError(f"{where} must have `{missing[0]}`, got none.")
    try:
        return kind(**given)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _leaves(table: dict[str, Any], mark: str | None) -> dict[str, Any]:
    """Nested tables as one level of dotted names, down to those with `mark`."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        inner = isinstance(value, dict) and mark not in value
        if inner and value and (mark is None or _all_tables(value)):
            below = _leaves(value, mark)
            found |= {f"{key}.{name}": leaf for name, leaf in below.items()}
        else:
            found[key] = value
    return found


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _all_tables(table: dict[str, Any]) -> bool:
    return all(isinstance(value, dict) for value in table.values())


def _same(table: Mapping[str, Any], names: Iterable[str]) -> bool:
    return set(table) == set(names)
