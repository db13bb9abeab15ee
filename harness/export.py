"""A model as a folder for others: measured, checked, and written at once.

Which model that is stands in `exporting/source.py`, what is measured in
`exporting/figures.py`, the card in `exporting/card.py`; the files themselves are
written by `cnets/inference/exported.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnets.data import hidden
from cnets.data.crops.cache import Progress
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data, resolved
from cnets.inference import exported, onnx_graph
from harness.definition.identity import provenance
from harness.exporting import card, figures, source
from harness.exporting.source import Say, Source
from harness.worker import device as here


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written and measured."""

    folder: Path
    sizes: Mapping[str, int]
    """Bytes of each file, by name."""
    figures: Mapping[str, Any]
    """By name; see `figures.measure`."""


def export(
    name: str,
    out: Path,
    *,
    store: str | Path = "runs",
    data: str | None = None,
    split: str | None = None,
    unlabelled: str | None = None,
    device: str = "cpu",
    say: Say | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write a model to a new folder.

    Args:
        name: `published:DIR`, a folder of a run or an export, or NAME/TRIAL.
        out: The folder; must not exist yet.
        store: Folder of the store that has the trial, and the prepared data.
        data: Data set to measure on; None is what the model was trained on. A trial is
            measured on the validation part of that, and on the test part only after
            finals have used it.
        split: Name of the split; None is the data's own default.
        unlabelled: Share of the test split that it was trained on without labels,
            `test:SHARE`; those frames are not measured on. None is what it says.
        device: Where it is measured, and a trial's last epochs trained again.
        say: Told what a person should know of the model.
        progress: Told how far the preparation of the data is.

    Raises:
        ValueError: If there is no such model, or the data do not fit it.
        StorageError: If the store cannot be read.
    """
    here.check(device)
    exported.refuse_existing(out)
    opened = source.open_source(name, store, device, say)
    if data is None and split is None and unlabelled is None:
        measured_on = opened.data
    else:
        measured_on = open_data(
            _named(opened, data),
            side_px=opened.model.config.networks.side_px,
            split=split,
            unlabelled=hidden.only_share(unlabelled, opened.model.seen),
            cache=Path(store) / "cache",
            progress=progress,
        )
    graph = onnx_graph.graph(opened.model)
    part = _part(opened, measured_on)
    measured = figures.measure(
        opened.model, graph, measured_on, part=part, device=device
    )
    if opened.validation_mm is not None and measured.get("part") == "test":
        measured = {"validation_mm": opened.validation_mm} | measured
    version, origin = provenance.code_version(), opened.origin
    text = card.card(opened.model, origin=origin, figures=measured, version=version)
    sizes = exported.write(
        opened.model,
        out,
        graph=graph,
        card=text,
        origin=origin,
        code_version=version,
    )
    return Exported(folder=out, sizes=sizes, figures=measured)


def _part(opened: Source, data: HandData | None) -> str:
    """The part to measure on: who compares trials by the test part chooses by it."""
    if opened.data is None or data is None or opened.tested:
        return "test"
    own = resolved(data.name) == resolved(opened.data.name)
    return "validation" if own else "test"


def _named(opened: Source, spec: str | None) -> str:
    """The data that were asked for; without a name, those of the training."""
    known = opened.data
    name = spec or (None if known is None else known.name)
    if name is None:
        raise ValueError(
            "`split` and `unlabelled` need `data`: what it was trained on is not known."
        )
    return name
