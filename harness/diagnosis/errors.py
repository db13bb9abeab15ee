"""Whose mistake an error is: a user's, or one that nobody foresaw.

A user's is a `ValueError` with a sentence that our code has raised by `raise`. Those
of libraries, of `int("x")` or `zip(strict=True)` and of encoding text are not: nobody
wrote their words for a user.
"""

import dis


PACKAGES = ("cnets", "crossnets", "harness", "results", "search_spaces")
"""Packages whose sentences are written for users."""

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
