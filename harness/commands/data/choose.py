"""`crossnets data choose`: which frames to label next, with a contact sheet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import Side, StoreFolder, TableOrJson
from harness.commands.exit_codes import DONE


@dataclass(frozen=True, kw_only=True)
class DataChoose:
    """Choose the frames to label next: those that differ most; no label is read."""

    data: Positional[Annotated[str, arg(metavar="DATA")]]
    """Data set, such as nyu:DIR, or a folder of frames without labels, DIR[@CAMERA]."""
    count: int = 100
    """How many frames to choose."""
    labelled: Annotated[str | None, arg(metavar="FILE")] = None
    """Frames that are labelled already: a name a line, or a table with a column frame."""
    seed: int = 0
    """Draws the first frame where none is labelled."""
    side: Side = 128
    """Side of a crop, pixels."""
    out: Annotated[str, arg(metavar="CSV")] = "to_label.csv"
    """Their names in order; the contact sheet is a PNG of this name beside it."""
    store: StoreFolder = "runs"
    """Folder of the store, which also holds the prepared data."""
    format: TableOrJson = "table"
    """How the answer is printed."""


def run(options: DataChoose) -> int:
    """Write both files, and print how well the choice covers the rest."""
    from harness import choose
    from harness.commands.printing import choices, crops, hints, messages, tables

    out = Path(options.out)
    choose.check_out(out)
    if (
        options.labelled is not None
        and out.resolve() == Path(options.labelled).resolve()
    ):
        raise ValueError(
            f"`out` must be another file than `labelled`, got {options.out}."
        )
    with crops.CropBar() as bar:
        chosen = choose.choose(
            options.data,
            count=options.count,
            labelled=None if options.labelled is None else Path(options.labelled),
            seed=options.seed,
            side_px=options.side,
            cache=Path(options.store) / "cache",
            progress=bar.progress,
        )
    choose.write(chosen, out)
    messages.notes(chosen.pool.notes)
    as_json = options.format == "json"
    facts = choices.facts(chosen, out)
    messages.answer(tables.as_json(facts) if as_json else choices.report(chosen, out))
    words = ("data", "choose", options.data, "--labelled", "FILE")
    answer = f"{hints.count(len(chosen.rows), 'frame')} to label"
    hints.tell(answer, *words, store=options.store, style=options.format)
    return DONE
