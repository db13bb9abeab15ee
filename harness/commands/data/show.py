"""`crossnets data show`: draw frames of a data set, and say which."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import Side, StoreFolder
from harness.commands.exit_codes import DONE
from harness.definition.terminal import printable


@dataclass(frozen=True, kw_only=True)
class DataShow:
    """A picture of what was read: crops with their joints."""

    data: Positional[Annotated[str, arg(metavar="DATA")]] = "synthetic"
    """synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR, msra:DIR or folder:DIR."""
    split: str | None = None
    """Such as person or block; default: the data's own."""
    side: Side = 128
    """Side of a crop, pixels."""
    skip_missing: bool = False
    """Leave out frames whose image or label is missing."""
    frames: int = 16
    """Frames in the picture, spread over the whole set."""
    out: Annotated[str, arg(metavar="PNG")] = "hands.png"
    """The picture to write."""
    store: StoreFolder = "runs"
    """Folder of the store, which also holds the prepared data."""


def run(options: DataShow) -> int:
    """Write the picture."""
    from cnets.data.opening import SKIP, with_wish
    from harness import data_sets
    from harness.commands.printing import bars, hints, messages

    with bars.preparation() as progress:
        drawn = data_sets.draw(
            with_wish(options.data, SKIP, options.skip_missing),
            side_px=options.side,
            split=options.split,
            frames=options.frames,
            out=Path(options.out),
            cache=Path(options.store) / "cache",
            progress=progress,
        )
    messages.notes(drawn.notes)
    line = (
        f"{drawn.out}: {drawn.frames} of {drawn.total} frames of {options.data} "
        f"({drawn.counts.sentence()})."
    )
    messages.answer(printable(line))
    hints.tell(f"{drawn.out} is drawn", "data", "check", options.data)
    return DONE
