"""The help of a command: usage, options by what they are for, two examples.

Made from the command's dataclass: the string below a field is its help. At 80
columns it has at most 50 lines. Parsing is tyro's, see `parsing.py`.
"""

import dataclasses
import shutil
import textwrap
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from tyro.conf import Positional

from cnets import field_help
from harness.commands import option_groups
from harness.commands.examples import EXAMPLES
from harness.commands.table import COMMANDS


WIDTH = 80
"""Longest line; shorter on a terminal that has less."""

NAMES = 26
"""Characters in front of what an option means."""

WORDS = {int: "N", float: "X"}
"""The word for a number; a text is `TEXT`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """One option, or what stands without a name."""

    field: str
    """Name of its field."""
    typed: str
    """As it is typed: `--trials N`, or `[NAME]`."""
    text: str
    """What it means, and its default."""
    is_positional: bool
    is_required: bool


def page(command: str) -> str:
    """The help of a command, at most 80 characters a line.

    Args:
        command: Its name in the table of commands.
    """
    options = list(options_of(command))
    kind = COMMANDS[command].options
    must = [option.typed for option in options if option.is_required]
    may = [o.typed for o in options if o.is_positional and not o.is_required]
    lines = [
        *_folded(f"usage: crossnets {' '.join([command, *must, *may])} [options]", 4),
        *_folded((kind.__doc__ or "").partition("\n")[0], 0),
    ]
    groups = {"": [o for o in options if o.is_positional]}
    for title in (*option_groups.GROUPS, option_groups.OTHERS):
        groups[title] = [
            o
            for o in options
            if not o.is_positional and option_groups.of(o.field) == title
        ]
    for title, inside in groups.items():
        if inside:
            lines += ["", title] if title else [""]
            lines += [line for option in inside for line in _row(option)]
    lines += ["", "examples"]
    for example in EXAMPLES[command]:
        lines += _folded(f"  {example}", 6)
    return "\n".join(lines)


def options_of(command: str) -> Iterator[Option]:
    """Every option of a command, in the order of its fields."""
    kind = COMMANDS[command].options
    helps: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if dataclasses.is_dataclass(base):
            helps |= field_help.strings(base)
    for field in dataclasses.fields(kind):
        yield _option(field, " ".join(helps[field.name].split()))


def _option(field: dataclasses.Field, text: str) -> Option:
    marks = getattr(field.type, "__metadata__", ())
    is_positional = Positional in marks
    default = field.default
    is_required = default is dataclasses.MISSING
    plain = (
        get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
    )
    given = next((m.metavar for m in marks if getattr(m, "metavar", None)), None)
    word = given or option_groups.VALUES.get(field.name) or _word(plain)
    name = next((m.name for m in marks if getattr(m, "name", None)), field.name)
    flag = name.replace("_", "-")
    typed = f"--{flag} {word}"
    if is_positional:
        many = " ..." if get_origin(plain) is tuple else ""
        typed = f"{word}{many}" if is_required else f"[{word}]"
    elif plain is bool:
        typed = f"--[no-]{flag}" if default else f"--{flag}"
        text = f"{text} [yes]" if default else text
    elif not is_required and default not in (None, (), ""):
        text = (
            f"{text} [{default:g}]"
            if isinstance(default, float)
            else f"{text} [{default}]"
        )
    return Option(
        field=field.name,
        typed=typed,
        text=text,
        is_positional=is_positional,
        is_required=is_required,
    )


def _word(kind: Any) -> str:
    """The word for a value of a type."""
    if get_origin(kind) is Literal:
        return "|".join(map(str, get_args(kind)))
    for part in (kind, *get_args(kind)):
        if part in WORDS:
            return WORDS[part]
    return "TEXT"


def _row(option: Option) -> list[str]:
    """The lines of an option; a long name has one to itself."""
    start = f"  {option.typed}"
    if len(start) >= NAMES:
        return [start, *_folded(" " * NAMES + option.text, NAMES)]
    return _folded(f"{start:<{NAMES}}{option.text}", NAMES)


def _folded(text: str, indent: int) -> list[str]:
    """Lines of a text, set in from the second one on."""
    width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)
    narrow = min(indent, width // 3)
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=" " * narrow,
        break_on_hyphens=False,
        break_long_words=False,
    )
