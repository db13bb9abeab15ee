"""Whose mistake an error is: a user's, or one that nobody foresaw.

A user's is a `ValueError` with a sentence that our code has raised by `raise`. Those
of libraries, of `int("x")` or `zip(strict=True)` and of encoding text are not: nobody
wrote their words for a user.
"""

import dis
import re
from importlib import metadata


PACKAGES = ("cnets", "crossnets", "harness", "results", "search_spaces")
"""Packages whose sentences are written for users."""

MODULES = {"PIL": "pillow"}
"""Distributions that are not named as their module is."""

_RAISE = dis.opmap["RAISE_VARARGS"]


def is_users(error: BaseException) -> bool:
    """Whether a user has caused an error, and its sentence says how to mend it.

    Args:
        error: As it was caught, with its traceback.
    """
    if not isinstance(error, ValueError) or isinstance(error, UnicodeError):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    frame = trace.tb_frame  # where it came up first
    package = frame.f_globals.get("__name__", "").partition(".")[0]
    return package in PACKAGES and frame.f_code.co_code[trace.tb_lasti] == _RAISE


def lacking(error: ModuleNotFoundError, extra: str) -> str | None:
    """What to install for a module that is not there.

    Args:
        error: As the import raised it.
        extra: The extra that is named if it has the module; else another one that has.

    Returns:
        The sentence; None if the module is in no extra.
    """
    module = (error.name or "").partition(".")[0]
    holders = _extras(MODULES.get(module, module).lower())
    if not holders:
        return None
    holder = extra if extra in holders else min(holders)
    return f"`{module}` is not installed: pip install 'crossnets[{holder}]'."


def _extras(distribution: str) -> set[str]:
    """The extras that have a distribution, as pyproject.toml says."""
    pattern = re.compile(r"""([\w.-]+).*\bextra == ["'](\w+)["']""")
    found = map(pattern.match, metadata.requires("crossnets") or ())
    return {match[2] for match in found if match and match[1].lower() == distribution}
