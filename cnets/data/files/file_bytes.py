"""The bytes of a file that somebody named, with a sentence where there are none."""

from pathlib import Path


def check_file(path: Path) -> None:
    """Refuse what is no file.

    Raises:
        ValueError: If there is none, or a folder or a device has that name.
    """
    if not path.is_file():
        raise ValueError(f"{path} must be a file, and is none.")


def first(path: Path, most: int) -> bytes:
    """The first `most` bytes of a file, or all if it is shorter.

    Raises:
        ValueError: If it is no file, or cannot be read.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
