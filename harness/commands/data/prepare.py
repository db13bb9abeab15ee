"""`crossnets data prepare`: make the crops of a data set before they are needed."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import Side, StoreFolder, TableOrJson
from harness.commands.exit_codes import DONE


@dataclass(frozen=True, kw_only=True)
class DataPrepare:
    """Make the crops of a data set now; an interrupted call goes on."""

    data: Positional[Annotated[str, arg(metavar="DATA")]]
    """Data set, such as nyu:DIR."""
    split: str | None = None
    """Such as person or block, where --unlabelled is a share of its test frames."""
    side: Side = 128
    """Side of a crop, pixels."""
    unlabelled: str | None = None
    """Frames without labels: DIR[@CAMERA] or test:SHARE."""
    skip_missing: bool = False
    """Leave out frames whose image or label is missing."""
    workers: int | None = None
    """Processes that read frames; default: one a core."""
    store: StoreFolder = "runs"
    """Folder of the store, which also holds the prepared data."""
    format: TableOrJson = "table"
    """How the answer is printed."""


def run(options: DataPrepare) -> int:
    """Make the crops, then say what there is."""
    from cnets.data.opening import SKIP, open_data, with_wish
    from harness import check_data, data_sets
    from harness.commands.printing import crops, hints, messages, tables

    if options.workers is not None and not options.workers >= 1:
        raise ValueError(f"`workers` must be 1 or more, got {options.workers}.")
    start_s = time.monotonic()
    spec = with_wish(options.data, SKIP, options.skip_missing)
    with crops.CropBar() as bar:
        data = open_data(
            spec,
            side_px=options.side,
            split=options.split,
            unlabelled=options.unlabelled,
            cache=Path(options.store) / "cache",
            progress=bar.progress,
            workers=options.workers,
        )
    seconds = round(time.monotonic() - start_s, 1)
    facts = data_sets.facts(data) | {"made": bar.made, "seconds": seconds}
    facts["looked"] = check_data.check(spec, frames=64).facts()
    as_json = options.format == "json"
    messages.answer(tables.as_json(facts) if as_json else crops.sentences(facts))
    if not as_json and facts["looked"]["looked_at"]:
        messages.answer(check_data.sentence(facts["looked"]))
    words = ("search", "NAME", "--data", options.data)
    answer = f"{options.data} is ready: {hints.count(facts['frames'], 'frame')}"
    hints.tell(answer, *words, store=options.store, style=options.format)
    return DONE
