"""TOML that a person wrote, read within limits and key by key.

Every error names the file and the key. Python's reader knows no limits: a dotted key
of 100,000 parts keeps it busy for hours, so long keys are refused before it reads.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cnets import suggestions
from cnets.data.files import file_bytes


LIMIT_BYTES = 2**20
"""Longest file that is read."""

LIMIT_DEPTH = 8
"""Most parts of a dotted key; the description has two."""

_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(
    rf"(?:^|[\[{{,])[ \t]*+{_PART}(?:\.[ \t]*+{_PART}){{{LIMIT_DEPTH}}}", re.MULTILINE
)

MOST_NUMBER = 1e12
"""No number is larger."""


def read(path: Path) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        ValueError: If the file is missing, is no TOML, or is beyond the limits.
    """
    content = file_bytes.first(path, LIMIT_BYTES + 1)
    if len(content) > LIMIT_BYTES:
        raise ValueError(f"{path} must have at most {LIMIT_BYTES} bytes, and has more.")
    try:
        text = content.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise ValueError(f"a key has more than {LIMIT_DEPTH} parts")
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(f"{path} is no TOML file: it is nested too deep.") from error
    except ValueError as error:  # also of text that is not UTF-8
        raise ValueError(f"{path} is no TOML file: {error}.") from error


class Section:
    """One table of a file, whose keys are taken one by one."""

    def __init__(self, path: Path, name: str, values: object) -> None:
        """Take a table.

        Args:
            path: Of the file, for errors.
            name: Of the table, empty for the file itself.
            values: What the file holds there; None if it does not.

        Raises:
            ValueError: If that is no table.
        """
        if values is not None and not isinstance(values, dict):
            raise ValueError(f"{path} must have a table [{name}], got {values!r:.60}.")
        self.path, self.name = path, name
        self._values: dict[str, Any] = dict(values or {})

    def key(self, name: str) -> str:
        """The file and the full name of a key, as errors begin."""
        full = f"{self.name}.{name}" if self.name else name
        return f"{self.path} `{full}`"

    def only(self, known: Iterable[str]) -> None:
        """Refuse a key that nothing reads.

        Raises:
            ValueError: If there is one.
        """
        names = list(known)
        for name in self._values:
            if name not in names:
                near = suggestions.nearest(name, names)
                raise ValueError(f"{self.key(name)} is no key that is known{near}")

    def raw(self, name: str) -> Any:
        """What stands under a key; None if nothing does."""
        return self._values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """A text that is not empty; needed where there is no default."""
        return self._one(name, default, _is_text, "a text")

    def choice(
        self, name: str, known: Iterable[str], default: str | None = None
    ) -> str:
        """One of some words."""
        words, value = list(known), self.text(name, default)
        if value not in words:
            near = suggestions.nearest(value, words)
            raise ValueError(
                f"{self.key(name)} must be a known word, got {value!r}{near}"
            )
        return value

    def number(
        self, name: str, *, low: float, high: float, default: float | None = None
    ) -> float:
        """A finite number above `low` and up to `high`."""

        def sound(value: object) -> bool:
            return _is_number(value) and low < float(value) <= high  # pyright: ignore[reportArgumentType]

        rule = f"a number above {low:g}, up to {high:g}"
        return float(self._one(name, default, sound, rule))

    def whole(self, name: str, *, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""

        def sound(value: object) -> bool:
            return type(value) is int and low <= value <= high

        return self._one(name, None, sound, f"a whole number from {low} to {high}")

    def texts(
        self, name: str, default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """A list of texts."""
        rule = "a list of texts"
        return tuple(self._one(name, default, _all(lambda v: isinstance(v, str)), rule))

    def numbers(
        self, name: str, default: tuple[float, ...] | None = None
    ) -> tuple[float, ...]:
        """A list of finite numbers."""
        held = self._one(name, default, _all(_is_number), "a list of numbers")
        return tuple(float(value) for value in held)

    def _one(
        self, name: str, default: object, sound: Callable[[Any], bool], rule: str
    ) -> Any:
        value = self._values.get(name)
        if value is None:
            if default is not None:
                return default
            raise ValueError(f"{self.key(name)} must be {rule}, and is missing.")
        if not sound(value):
            raise ValueError(f"{self.key(name)} must be {rule}, got {value!r:.60}.")
        return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _is_number(value: Any) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and abs(value) < MOST_NUMBER  # NaN fails it


def _all(sound: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a value is a list whose members are all sound."""
    return lambda value: isinstance(value, list) and all(map(sound, value))
