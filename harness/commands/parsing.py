"""What is typed becomes a command with its options; a mistake is one sentence.

Nothing is printed here but `--help`, by tyro; `cli.py` prints the sentences.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import tyro
from tyro import _errors as parse_errors

from cnets import config, field_help
from harness.commands.printing import messages
from harness.commands.searches.search import Search
from harness.commands.table import COMMANDS
from harness.definition import options


class Usage(ValueError):
    """The command line does not say what to do."""


def overview() -> str:
    """What there is to type."""
    width = max(map(len, COMMANDS))
    lines = [
        f"  {name:<{width}}  {(command.options.__doc__ or '').splitlines()[0]}"
        for name, command in COMMANDS.items()
    ]
    return "\n".join(
        [
            "usage: crossnets VERB [options]      crossnets VERB --help",
            "",
            "Hyperparameter search for Crossing Nets on Ray, results in Parquet.",
            "",
            *lines,
            "",
            "With --debug, anywhere, an error shows its traceback.",
        ]
    )


def parse(arguments: Sequence[str]) -> tuple[str, Any]:
    """The command that was typed.

    Returns:
        Its name, and its options as their dataclass.

    Raises:
        Usage: If there is no such command or option, or a value is wrong.
        SystemExit: After printing `--help`.
    """
    words = 2 if " ".join(arguments[:2]) in COMMANDS else 1
    name, rest = " ".join(arguments[:words]), arguments[words:]
    if name not in COMMANDS:
        raise Usage(f"`{name}` is no verb of crossnets{_nearest(name, COMMANDS)}")
    kind = COMMANDS[name].options
    default = _from_file(rest) if kind is Search else None
    try:
        with parse_errors.on_parse_error(_raise):
            typed = tyro.cli(
                kind,
                args=rest,
                prog=f"crossnets {name}",
                description=description(kind),
                default=default,
            )
    except Usage:
        _blame_an_unknown_option(name, rest)
        raise
    return name, typed


def description(kind: type) -> str:
    """What stands above a command's options; where it has `--set`, with the fields."""
    text = kind.__doc__ or ""
    if "set" not in kind.__dataclass_fields__:
        return text
    paper = config.TrainConfig().flat()
    lines = [
        f"  {name} = {str(paper[name]).lower()}: {meaning}"
        for name, meaning in field_help.explain().items()
    ]
    return "\n".join([text, "", "Fields for --set, with the paper's values:", *lines])


def _from_file(arguments: Sequence[str]) -> Search | None:
    """Defaults from the file of `--config`, if there is one."""
    for index, word in enumerate(arguments):
        if word == "--config" and index + 1 < len(arguments):
            path = arguments[index + 1]
        elif word.startswith("--config="):
            path = word.partition("=")[2]
        else:
            continue
        return Search(name=tyro.MISSING, **options.from_toml(path, Search))
    return None


def _blame_an_unknown_option(name: str, words: Sequence[str]) -> None:
    """Before a name, one takes the name's place: `best --tpo 3` needs no value."""
    known = set(_flags(name))
    for word in words:
        flag = word.partition("=")[0].replace("_", "-")
        if flag.startswith("--") and flag.replace("--no-", "--") not in known:
            raise _unknown(word, name) from None


def _unknown(flag: str, name: str) -> Usage:
    """The sentence about an option that a command does not have."""
    near = _nearest(flag, _flags(name))
    return Usage(f"`{flag}` is no option of crossnets {name}{near}")


def _raise(event: parse_errors.ParseErrorEvent) -> None:
    """One sentence in place of tyro's box."""
    match event:
        case parse_errors.UnrecognizedArgs(tokens=[token, *_]):
            raise _unknown(token, event.prog.removeprefix("crossnets "))
        case parse_errors.MissingArgs(missing_arguments=[first, *_]):
            raise Usage(f"{event.prog} needs {first.arg.display_name()}; see --help.")
        case parse_errors.InstantiationFailure(message=message, argument=argument):
            name = "" if argument is None else f"{argument.display_name()}: "
            raise Usage(name + messages.on_one_line(message))
        case parse_errors.BadValue(argument=argument):
            raise Usage(f"{argument.display_name()} needs a value; see --help.")
        case parse_errors.InvalidChoice(argument=argument, value=value):
            known = ", ".join(event.choices)
            name = argument.display_name()
            raise Usage(f"{name} must be one of {known}, got {value!r}.")


def _flags(name: str) -> list[str]:
    """The options of a command as they are typed; none if there is no such command."""
    command = COMMANDS.get(name)
    fields = [] if command is None else command.options.__dataclass_fields__
    names = ("from" if field == "source" else field for field in fields)
    return [f"--{name.replace('_', '-')}" for name in names]


def _nearest(word: str, known: Iterable[str]) -> str:
    """What may have been meant, for the end of a sentence."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean `{near[0]}`?" if near else f"; known: {', '.join(names)}."
