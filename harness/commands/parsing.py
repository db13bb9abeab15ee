"""What is typed becomes a command with its options; a mistake is one sentence.

Nothing is printed here: `cli.py` prints the sentences, `help_page.py` makes `--help`.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import tyro
from tyro import _errors as parse_errors

from cnets import suggestions
from harness.commands.printing import messages
from harness.commands.table import COMMANDS
from harness.definition import options


ELSEWHERE = {
    "--max-concurrent-trials": "--concurrency",
    "--metric": "--objective",
    "--n-trials": "--trials",
    "--num-samples": "--trials",
    "--storage": "--store",
}
"""Options of Ray Tune and Optuna, and what does the same here."""


PYTHONS = {
    "invalid literal for int() with base 10": "a whole number",
    "could not convert string to float": "a number",
}
"""What Python says of a text that is no number, and what it should have been."""


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
        Its name, and its options as their dataclass; None where help is asked for.

    Raises:
        Usage: If there is no such command or option, or a value is wrong.
    """
    name, rest = _command(arguments)
    if {"-h", "--help"} & set(rest):
        return name, None
    kind = COMMANDS[name].options
    default = _from_file(rest, kind) if "config" in kind.__dataclass_fields__ else None
    if "set" in kind.__dataclass_fields__:
        rest = _gathered(rest, () if default is None else default.set)
    try:
        with parse_errors.on_parse_error(_raise):
            typed = tyro.cli(
                kind,
                args=rest,
                prog=f"crossnets {name}",
                default=default,
                add_help=False,
            )
    except Usage:
        _blame_an_unknown_option(name, rest)
        raise
    return name, typed


def _command(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The name of a command, of one word or two, and the words behind it."""
    two = " ".join(arguments[:2])
    if two in COMMANDS:
        return two, arguments[2:]
    name = arguments[0]
    if name in COMMANDS:
        return name, arguments[1:]
    inside = [command for command in COMMANDS if command.startswith(f"{name} ")]
    if two == name and inside:
        near = f"; known: {', '.join(inside)}."
    else:
        near = suggestions.nearest(two if inside else name, inside or COMMANDS)
    raise Usage(f"`{two if inside else name}` is no verb of crossnets{near}")


def _from_file(arguments: Sequence[str], kind: type) -> Any:
    """Defaults from the file of `--config`, if there is one."""
    for index, word in enumerate(arguments):
        if word == "--config" and index + 1 < len(arguments):
            path = arguments[index + 1]
        elif word.startswith("--config="):
            path = word.partition("=")[2]
        else:
            continue
        return kind(name=tyro.MISSING, **options.from_toml(path, kind))
    return None


def _blame_an_unknown_option(name: str, words: Sequence[str]) -> None:
    """Before a name, one takes the name's place: `best --tpo 3` needs no value."""
    known = set(flags(name))
    for word in words:
        flag = word.partition("=")[0].replace("_", "-")
        if flag.startswith("--") and flag not in known:
            raise _unknown(word, name) from None


def _unknown(token: str, command: str) -> Usage:
    """The sentence about an option that a command does not have."""
    word, known = token.partition("=")[0], flags(command)
    meant = ELSEWHERE.get(word.replace("_", "-"))
    near = suggestions.nearest(word, known)
    if meant in known:
        near = f"; here it is `{meant}`."
    return Usage(f"`{word}` is no option of crossnets {command}{near}")


def _gathered(arguments: Sequence[str], values: Sequence[str]) -> list[str]:
    """Words with one `--set` for all, as the parser keeps only the last one.

    Args:
        arguments: What was typed.
        values: Assignments that come first, so that typed ones win.
    """
    found, rest, inside = [*values], [], False
    for word in arguments:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            inside = name == "--set"
            if inside and equals:
                found.append(value)
        if inside and not word.startswith("--"):
            found.append(word)
        elif not inside:
            rest.append(word)
    return [*rest, "--set", *found] if found else rest


def _raise(event: parse_errors.ParseErrorEvent) -> None:
    """One sentence in place of tyro's box."""
    command = event.prog.removeprefix("crossnets ")
    match event:
        case parse_errors.UnrecognizedArgs(tokens=[token, *_]):
            raise _unknown(token, command)
        case parse_errors.MissingArgs(missing_arguments=[first, *_]):
            raise Usage(f"{event.prog} needs {first.arg.display_name()}; see --help.")
        case parse_errors.InstantiationFailure(message=message, argument=argument):
            name = "" if argument is None else argument.display_name()
            raise Usage(_wrong_value(name, messages.on_one_line(message)))
        case parse_errors.BadValue(argument=argument):
            raise Usage(f"{argument.display_name()} needs a value; see --help.")
        case parse_errors.InvalidChoice(argument=argument, value=value):
            known = ", ".join(event.choices)
            name = argument.display_name()
            raise Usage(f"`{name}` must be one of {known}, got {value!r}.")


def _wrong_value(name: str, message: str) -> str:
    """The sentence about a value that Python cannot read as a number."""
    for python, kind in PYTHONS.items():
        _, said, value = message.partition(f"{python}: ")
        if said:
            return f"`{name}` must be {kind}, got {value}."
    return f"{name}: {message}" if name else message


def flags(command: str) -> list[str]:
    """The options of a command as they are typed."""
    found = []
    for field in dataclasses.fields(COMMANDS[command].options):
        marks = getattr(field.type, "__metadata__", ())
        if tyro.conf.Positional in marks:
            continue
        given = (getattr(mark, "name", None) for mark in marks)
        name = next(filter(None, given), field.name).replace("_", "-")
        found.append(f"--{name}")
        if field.type is bool:
            found.append(f"--no-{name}")
    return found
