"""The program `crossnets`: runs one command and exits with its code.

Data go to standard output, messages to standard error. An error that a user can
cause is one sentence and an exit code; the codes are in `exit_codes.py`, what can
be typed in `table.py`.
"""

import atexit
import errno
import gc
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import NoReturn

from harness.commands import parsing
from harness.commands.exit_codes import DONE, INTERRUPTED, STORAGE, USAGE
from harness.commands.printing import messages
from harness.commands.table import COMMANDS
from harness.diagnosis import errors
from results import StorageError


OBJECTS_AT_ONCE = 50_000
"""New objects after which Python looks for garbage; torch and Ray make a million."""


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
            messages.complain(
                f"What was asked for cannot be written: {error.strerror}."
            )
            code = STORAGE
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        if not arguments or arguments[0] in ("-h", "--help", "help"):
            messages.answer(parsing.overview())
            return DONE if arguments else USAGE
        if arguments[0] == "--version":
            messages.answer(f"crossnets {metadata.version('crossnets')}")
            return DONE
        name, options = parsing.parse(arguments)
        return COMMANDS[name].run(options)
    except StorageError as error:
        messages.complain(error)
        return STORAGE
    except ValueError as error:
        if not errors.is_users(error):
            raise
        messages.complain(error)
        return USAGE
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        return _of_os_error(error)
    except KeyboardInterrupt:
        typed = shlex.join(["crossnets", *arguments])
        messages.complain(f"Interrupted; go on with: {typed}")
        return INTERRUPTED


def _of_os_error(error: OSError) -> int:
    """The exit code of a full disk or of a file that cannot be used; else it is raised."""
    if error.errno == errno.ENOSPC and error.filename is None:
        messages.complain(f"What was asked for cannot be written: {error.strerror}.")
        return STORAGE
    if error.filename is None:
        raise error
    messages.complain(f"{error.filename!r} cannot be used: {error.strerror}.")
    return USAGE


if __name__ == "__main__":
    main()
