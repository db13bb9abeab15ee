"""`crossnets data check`: look at frames and labels before they are trusted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import TableOrJson
from harness.commands.exit_codes import DONE, USAGE


@dataclass(frozen=True, kw_only=True)
class DataCheck:
    """Say whether a data set looks like what its labels say; nothing is written."""

    data: Positional[Annotated[str, arg(metavar="DATA")]]
    """Data set, such as nyu:DIR, or a folder of frames without labels, DIR[@CAMERA]."""
    frames: int = 256
    """Most frames to look at, drawn from a seed."""
    worst: int = 8
    """How many of the worst frames are named and drawn."""
    out: Annotated[str | None, arg(metavar="PNG")] = None
    """Picture of the worst frames with their joints."""
    format: TableOrJson = "table"
    """How the answer is printed."""


def run(options: DataCheck) -> int:
    """Print the figures, then what is wrong."""
    from cnets.inference import pictures
    from harness import check_data
    from harness.commands.printing import bars, hints, messages, tables, trust

    if options.out is not None:
        pictures.check_png(Path(options.out), "out")
    with bars.bar("Looking at frames") as progress:
        checked = check_data.check(
            options.data,
            frames=options.frames,
            worst=options.worst,
            progress=progress,
        )
    facts = checked.facts()
    as_json = options.format == "json"
    if options.out is not None:
        check_data.draw(checked, Path(options.out))
    messages.answer(tables.as_json(facts) if as_json else trust.report(facts))
    refused = [finding for finding in checked.found if finding.level == "refuse"]
    if refused:
        messages.complain(refused[0].sentence)
    else:
        warned = hints.count(len(checked.found), "warning")
        words = ("data", "prepare", options.data) if facts["joints"] else ()
        hints.tell(f"{options.data}: {warned}", *words, style=options.format)
    return USAGE if refused else DONE
