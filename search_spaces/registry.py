"""The spaces that have a name, and how a name or a file becomes a space."""

from search_spaces.few_labels import FEW_LABELS
from search_spaces.joint import JOINT
from search_spaces.loss_weights import LOSS_WEIGHTS
from search_spaces.parameters import Space


SPACES: dict[str, Space] = {
    entry.name: entry for entry in (LOSS_WEIGHTS, JOINT, FEW_LABELS)
}
"""Every space that comes with the project, by name."""


def space(name_or_path: str) -> Space:
    """The space of that name, or the one that a `.toml` file describes.

    Args:
        name_or_path: A key of `SPACES`, or the path of a file that ends in
            `.toml`.

    Raises:
        ValueError: If there is no such space or file, or the file is wrong.
    """
    if name_or_path in SPACES:
        return SPACES[name_or_path]
    if not name_or_path.endswith(".toml"):
        rule = f"one of {', '.join(SPACES)} or the path of a .toml file"
        raise ValueError(f"`space` must be {rule}, got {name_or_path!r}.")
    return Space.from_file(name_or_path, "space")
