"""TOML that a stranger may have written, read within limits.

Python's reader knows none: a dotted key of 100,000 parts keeps it busy for hours, so
long keys are refused before it reads. How deep the rest is nested is seen afterwards.
"""

import re
import tomllib
from pathlib import Path
from typing import Any


LIMIT_BYTES = 2**20
"""Largest file that is read."""

LIMIT_DEPTH = 32
"""Most tables and lists inside one another, and most parts of a dotted key."""

_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(
    rf"(?:^|[\[{{,])[ \t]*+{_PART}(?:\.[ \t]*+{_PART}){{{LIMIT_DEPTH}}}", re.MULTILINE
)
"""A key of too many parts, at one of the places where a key may begin."""


def read(path: str, argument: str) -> dict[str, Any]:
    """The tables of a file.

    Args:
        path: Where it is.
        argument: What the caller calls the path; errors name it.

    Returns:
        Plain values, at most `LIMIT_DEPTH` levels of them.

    Raises:
        ValueError: If the file cannot be read, is too large, or is not TOML
            within the limits.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise ValueError(
            f"`{argument}` must be a file to read, got {path!r}."
        ) from error
    if len(content) > LIMIT_BYTES:
        raise ValueError(_too_large(path))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        rule = "a file of UTF-8 text"
        raise ValueError(f"`{argument}` must be {rule}, got {path!r}.") from error
    return tables(text, path)


def tables(text: str, source: str) -> dict[str, Any]:
    """The tables of a text.

    Args:
        text: What a file says.
        source: The file's name, for errors.

    Returns:
        Plain values, at most `LIMIT_DEPTH` levels of them.

    Raises:
        ValueError: If the text is no TOML, or beyond a limit.
    """
    if len(text) > LIMIT_BYTES:
        raise ValueError(_too_large(source))
    if _LONG_KEY.search(text):
        raise ValueError(_too_deep(source))
    try:
        found = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(_too_deep(source)) from error
    except ValueError as error:  # also of a whole number of over 4,300 digits
        raise ValueError(f"{source} is no TOML file: {error}.") from error
    if _depth(found) > LIMIT_DEPTH:
        raise ValueError(_too_deep(source))
    return found


def _depth(found: Any) -> int:
    """Levels of tables and lists."""
    level, depth = [found], -1
    while level:
        depth += 1
        inner = [v.values() if isinstance(v, dict) else v for v in level]
        level = [
            value
            for values in inner
            for value in values
            if isinstance(value, dict | list)
        ]
    return depth


def _too_large(source: str) -> str:
    return f"{source} must have at most {LIMIT_BYTES} bytes, and has more."


def _too_deep(source: str) -> str:
    return f"{source} must be nested at most {LIMIT_DEPTH} deep, and is deeper."
