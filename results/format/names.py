"""Which names may become part of a path in a store.

Every name that ends in a path (of a search, of a trial) passes here first, so
no name can lead outside the store. Small letters only: two names never meet on
a file system that does not tell capitals apart.
"""

import re


_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def check_name(argument: str, name: str) -> None:
    """Refuse a name that is not 1 to 64 plain characters.

    Args:
        argument: What the caller calls it; the error names it.
        name: The name to check.

    Raises:
        ValueError: If `name` does not start with a small letter or holds
            anything but small letters, digits, `_` and `-`, or is over 64 long.
    """
    if not _NAME.fullmatch(name):
        plain = re.sub(r"[\s.]+", "-", name.strip().lower())
        near = f"; did you mean {plain!r}?" if _NAME.fullmatch(plain) else "."
        raise ValueError(
            f"`{argument}` must be 1 to 64 small letters, digits, `_` or `-`, "
            f"a letter first, got {name!r}{near}"
        )
