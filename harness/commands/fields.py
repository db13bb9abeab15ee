"""`crossnets fields`: print the names for `--set`, TOML files and spaces."""

import difflib
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import Format
from harness.commands.exit_codes import DONE


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Every field of a run: the names for --set, TOML files and spaces."""

    pattern: Positional[Annotated[str | None, arg(metavar="PATTERN")]] = None
    """Part of a name, or a pattern such as 'joint.*'."""
    preset: str = "small"
    """Whose values are shown: paper, small or tiny."""
    format: Format = "table"
    """How the answer is printed."""


def run(options: Fields) -> int:
    """Print a row a field."""
    from cnets import field_help, presets
    from harness.commands.printing import hints, messages, tables, units

    values = presets.preset(options.preset).flat()
    meanings = field_help.explain()
    rows = [
        {
            "field": name,
            "default": shown(values[name]),
            "unit": units.of(name),
            "meaning": meanings[name],
        }
        for name in matching(options.pattern, values)
    ]
    messages.answer(tables.show(rows, options.format))
    words = ("search", "NAME", "--set", "FIELD=VALUE")
    hints.tell(hints.count(len(rows), "field"), *words, style=options.format)
    return DONE


def shown(value: float | str | None) -> str:
    """A value as `--set` takes it."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else f"{value:g}"


def matching(pattern: str | None, names: Iterable[str]) -> list[str]:
    """The names that a pattern fits; all of them for None.

    Args:
        pattern: Part of a name, or a glob of a whole name or of its last part.
        names: Dotted names.

    Raises:
        ValueError: If it fits none.
    """
    every = list(names)
    if pattern is None:
        return every
    if any(sign in pattern for sign in "*?["):
        found = [
            name
            for name in every
            if fnmatch.fnmatchcase(name, pattern)
            or fnmatch.fnmatchcase(name.rpartition(".")[2], pattern)
        ]
    else:
        found = [name for name in every if pattern.lower() in name]
    if not found:
        near = difflib.get_close_matches(pattern, every, n=1, cutoff=0.0)
        raise ValueError(
            f"`pattern` must fit a field of the run, got {pattern!r}; did you mean "
            f"`{near[0]}`?"
        )
    return found
