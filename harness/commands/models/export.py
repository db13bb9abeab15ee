"""`crossnets export`: write a model for others, then print its figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import StoreFolder, TableOrJson
from harness.commands.exit_codes import DONE
from harness.definition.options import Device


if TYPE_CHECKING:
    from harness.export import Exported


@dataclass(frozen=True, kw_only=True)
class Export:
    """A model for others: safetensors, ONNX and a model card with its numbers."""

    model: Positional[Annotated[str, arg(metavar="MODEL")]]
    """NAME/TRIAL of a search, folder of a run, or published:DIR."""
    out: Annotated[str, arg(metavar="DIR")]
    """Folder to write; must not exist yet."""
    data: str | None = None
    """Data set to measure on; default: what the model was trained on, if known."""
    split: str | None = None
    """How frames are split; default: the data's own."""
    unlabelled: str | None = None
    """test:SHARE as it was trained: those frames are left out."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    device: Device = "cpu"
    """Where it runs."""
    format: TableOrJson = "table"
    """How the answer is printed."""


def run(options: Export) -> int:
    """Write the folder."""
    from harness import export
    from harness.commands.printing import bars, hints, messages

    with bars.preparation() as progress:
        done = export.export(
            options.model,
            Path(options.out),
            store=options.store,
            data=options.data,
            split=options.split,
            unlabelled=options.unlabelled,
            device=options.device,
            say=messages.note,
            progress=progress,
        )
    messages.answer(shown(done, options.format))
    size = f"{sum(done.sizes.values()) / 1e6:.1f} MB"
    answer = f"{done.folder} is written: {hints.count(len(done.sizes), 'file')}, {size}"
    words = ("predict", "FRAMES", "--camera", "CAMERA", "--model", str(done.folder))
    hints.tell(answer, *words, style=options.format)
    return DONE


def shown(done: "Exported", style: str) -> str:
    """Figures and sizes as a table or JSON."""
    from harness.commands.printing import tables

    if style == "json":
        facts = {"out": str(done.folder), "bytes": done.sizes, **done.figures}
        return tables.as_json(facts)
    rows = [
        {"figure": name, "value": tables.rounded(value)}
        for name, value in done.figures.items()
    ]
    rows += [
        {"figure": f"{name}, bytes", "value": str(size)}
        for name, size in done.sizes.items()
    ]
    return tables.show(rows, style, f"{done.folder}: exported")
