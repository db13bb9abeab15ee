"""The program `crossnets`: runs one command and exits with its code.

Data go to standard output, messages to standard error. An error that a user can
cause is one sentence and an exit code; so is one that nobody foresaw, with its
traceback in a log. The codes are in `exit_codes.py`, what can be typed in `table.py`.
"""

import atexit
import contextlib
import errno
import gc
import io
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata
from typing import NoReturn

from harness.commands import help_page, parsing
from harness.commands.exit_codes import (
    DONE,
    INTERRUPTED,
    STORAGE,
    UNFORESEEN,
    USAGE,
)
from harness.commands.printing import messages, own_data
from harness.commands.table import COMMANDS
from harness.diagnosis import errors, logs
from results import StorageError


DEBUG = "--debug"
"""Word that may stand anywhere, and prints the traceback of an error as well."""

OBJECTS_AT_ONCE = 50_000
"""New objects after which Python looks for garbage; torch and Ray make a million."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    gc.set_threshold(OBJECTS_AT_ONCE)  # a fifth of the start went into looking
    os.umask(0o077)  # stores, prepared data and pictures are their owner's
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as after `nohup`
            signal.signal(number, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an output that may be only ASCII
            stream.reconfigure(errors="backslashreplace")
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
            messages.complain(
                f"What was asked for cannot be written: {error.strerror}."
            )
            code = STORAGE
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    words = [word for word in arguments if word != DEBUG]
    try:
        return _run(words)
    except KeyboardInterrupt:
        typed = shlex.join(["crossnets", *arguments])
        messages.complain(f"Interrupted; go on with: {typed}")
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if len(words) < len(arguments):
            traceback.print_exc()
        code, sentence = _of_error(error)
        messages.complain(sentence)
        return code


def _run(words: list[str]) -> int:
    """Run one command; an error is raised."""
    if not words or words[0] in ("-h", "--help", "help"):
        messages.answer(parsing.overview())
        return DONE if words else USAGE
    if words[0] == "--version":
        messages.answer(f"crossnets {metadata.version('crossnets')}")
        return DONE
    name, options = parsing.parse(words)
    if options is None:
        messages.answer(help_page.page(name))
        return DONE
    command = COMMANDS[name]
    try:
        own_data.tell(name, getattr(options, "data", None))
        return command.run(options)
    except ModuleNotFoundError as error:
        sentence = errors.lacking(error, command.extra)
        if sentence is None:
            raise
        raise parsing.Usage(sentence) from error


def _of_error(error: Exception) -> tuple[int, str]:
    """The exit code of an error, and the sentence about it."""
    match error:
        case StorageError():
            return STORAGE, str(error)
        case ValueError() if errors.is_users(error):
            return USAGE, str(error)
        case OSError(errno=errno.ENOSPC, filename=None):
            return STORAGE, f"What was asked for cannot be written: {error.strerror}."
        case OSError() if error.filename is not None:
            return USAGE, f"{error.filename!r} cannot be used: {error.strerror}."
    if logs.place(error) is None:
        with contextlib.suppress(Exception), logs.kept(logs.of_user()):
            raise error
    log = logs.place(error)
    where = f"is in {log}" if log else f"is shown by {DEBUG}, no log could be written"
    sentence = f"A defect of the program, whose traceback {where}"
    return UNFORESEEN, f"{sentence}: {type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
