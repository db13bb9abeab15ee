"""`crossnets data init`: write a first description of a folder of frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.exit_codes import DONE


@dataclass(frozen=True, kw_only=True)
class DataInit:
    """Write a first dataset.toml for a folder of depth frames and a table."""

    folder: Positional[Annotated[str, arg(metavar="FOLDER")]]
    """Folder with the table in it, and the frames there or in folders in it."""
    table: Annotated[str | None, arg(metavar="FILE")] = None
    """The table, if the folder holds more than one: CSV, JSON Lines, Parquet, COCO, text."""


def run(options: DataInit) -> int:
    """Write the file, and say what was guessed."""
    from cnets.data.readers.folder import guess, writing
    from cnets.data.readers.folder.description import FILE
    from harness.commands.printing import messages, own_data

    folder = Path(options.folder)
    path = folder / FILE
    if path.exists():
        raise ValueError(
            f"`folder` must have no {FILE} yet, and {path} is there; change it, or move "
            "it away."
        )
    found = guess.look(folder, options.table)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(writing.text(found))
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from error
    messages.answer(own_data.written(path, found.guessed))
    return DONE
