"""The command line: what is typed becomes a verb, an error one sentence.

Data go to standard output, messages to standard error. Exit codes: 0 done,
1 done but too much of it failed, 2 wrong usage or configuration, 3 storage
unreachable or damaged, 130 interrupted (what is known is stored; the same
command goes on).
"""

import atexit
import difflib
import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any, NoReturn

import tyro
from tyro import _errors as parse_errors

from cnets import config, field_help
from harness.commands.verbs import VERBS, Search
from harness.definition import options
from harness.definition.terminal import printable
from results import StorageError


DONE, FAILED, USAGE, STORAGE, INTERRUPTED = 0, 1, 2, 3, 130

OBJECTS_AT_ONCE = 50_000
"""New objects after which Python looks for garbage; torch and Ray make a million."""

LONGEST = 4000
"""Most characters of a message."""


class Usage(ValueError):
    """The command line does not say what to do."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    gc.set_threshold(OBJECTS_AT_ONCE)  # a fifth of the start went into looking
    os.umask(0o077)  # stores, prepared data and pictures are their owner's
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    leave(run(list(sys.argv[1:] if arguments is None else arguments)))


def leave(code: int) -> NoReturn:
    """Exit without taking apart what is gone with the process anyway.

    Python would look through every object of torch and Ray once more: a second.
    After an interruption no library's tidying up may keep a person waiting either.
    """
    if code != INTERRUPTED:
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # the reader has had enough
            continue
        except OSError as error:
            complain(f"What was asked for cannot be written: {error.strerror}.")
            code = STORAGE
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        if not arguments or arguments[0] in ("-h", "--help", "help"):
            _print(overview())
            return DONE if arguments else USAGE
        if arguments[0] == "--version":
            _print(f"crossnets {metadata.version('crossnets')}")
            return DONE
        verb = parse(arguments)
        from harness.commands import functions

        return functions.COMMANDS[type(verb)](verb)
    except StorageError as error:
        complain(error)
        return STORAGE
    except ValueError as error:
        complain(error)
        return USAGE
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None:
            complain(f"What was asked for cannot be written: {error.strerror}.")
            return STORAGE
        if error.filename is None:
            raise
        complain(f"{error.filename!r} cannot be used: {error.strerror}.")
        return USAGE
    except KeyboardInterrupt:
        complain(f"Interrupted; go on with: {_typed(arguments)}")
        return INTERRUPTED


def overview() -> str:
    """What there is to type."""
    width = max(map(len, VERBS))
    lines = [
        f"  {name:<{width}}  {(kind.__doc__ or '').splitlines()[0]}"
        for name, kind in VERBS.items()
    ]
    return "\n".join(
        [
            "usage: crossnets VERB [options]      crossnets VERB --help",
            "",
            "Hyperparameter search for Crossing Nets on Ray, results in Parquet.",
            "",
            *lines,
        ]
    )


def parse(arguments: list[str]) -> Any:
    """The verb that was typed, as its dataclass.

    Raises:
        Usage: If there is no such verb or option, or a value is wrong.
        SystemExit: After printing `--help`.
    """
    words = 2 if " ".join(arguments[:2]) in VERBS else 1
    name, rest = " ".join(arguments[:words]), arguments[words:]
    if name not in VERBS:
        raise Usage(f"`{name}` is no verb of crossnets{_nearest(name, VERBS)}")
    kind = VERBS[name]
    default = _from_file(rest) if kind is Search else None
    with parse_errors.on_parse_error(_raise):
        return tyro.cli(
            kind,
            args=rest,
            prog=f"crossnets {name}",
            description=description(kind),
            default=default,
        )


def description(kind: type) -> str:
    """What stands above a verb's options; where it has `--set`, with the fields."""
    text = kind.__doc__ or ""
    if "set" not in kind.__dataclass_fields__:
        return text
    paper = config.TrainConfig().flat()
    lines = [
        f"  {name} = {str(paper[name]).lower()}: {said}"
        for name, said in field_help.explain().items()
    ]
    return "\n".join([text, "", "Fields for --set, with the paper's values:", *lines])


def _from_file(arguments: list[str]) -> Search | None:
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


def _raise(event: parse_errors.ParseErrorEvent) -> None:
    """One sentence in place of tyro's box."""
    match event:
        case parse_errors.UnrecognizedArgs(tokens=[token, *_]):
            verb = event.prog.removeprefix("crossnets ")
            names = [f"--{n.replace('_', '-')}" for n in _fields(verb)]
            near = _nearest(token, names)
            raise Usage(f"`{token}` is no option of {event.prog}{near}")
        case parse_errors.MissingArgs(missing_arguments=[first, *_]):
            raise Usage(f"{event.prog} needs {first.arg.display_name()}; see --help.")
        case parse_errors.InstantiationFailure(message=message, argument=argument):
            name = "" if argument is None else f"{argument.display_name()}: "
            raise Usage(name + _plain(message))
        case parse_errors.BadValue(argument=argument):
            raise Usage(f"{argument.display_name()} needs a value; see --help.")
        case parse_errors.InvalidChoice(argument=argument, value=value):
            known = ", ".join(event.choices)
            name = argument.display_name()
            raise Usage(f"{name} must be one of {known}, got {value!r}.")


def _fields(verb: str) -> list[str]:
    kind = VERBS.get(verb)
    return [] if kind is None else list(kind.__dataclass_fields__)


def _nearest(word: str, known: Any) -> str:
    """What may have been meant, for the end of a sentence."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else f"; known: {', '.join(known)}."


def _plain(message: str) -> str:
    """A message on one line."""
    return " ".join(message.split())


def _typed(arguments: list[str]) -> str:
    import shlex

    return shlex.join(["crossnets", *arguments])


def complain(error: object) -> None:
    """One line that cannot steer a terminal, and no longer than one can read."""
    text = printable(_plain(str(error)))
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
    print(f"crossnets: {text}", file=sys.stderr)  # noqa: T201


def _print(text: str) -> None:
    print(text)  # noqa: T201


if __name__ == "__main__":
    main()
