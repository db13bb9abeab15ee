"""`crossnets export`: a model as a folder for others, measured and checked.

A trial of a search is exported as it was at its last reported step. Its newest
checkpoint is usually a little older than that, so the epochs between are trained
again; the same seed gives the same weights.
"""

import dataclasses
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from cnets import metrics
from cnets.config import TrainConfig
from cnets.data import HandData, open_data
from cnets.inference import exported, folded, models, onnx_graph, published
from cnets.inference.model import Model
from cnets.training import state
from cnets.training.lanes import Lane
from harness import repeat
from harness.card import PUBLISHED, card
from harness.commands.cli import DONE
from harness.commands.functions import preparation
from harness.commands.printing import tables
from harness.commands.verbs import Export
from harness.definition import provenance
from harness.definition.job import Plan
from harness.repeat import Stored
from harness.worker.process_bank import bank, same_data
from harness.worker.train_runner import TrainRunner
from results import Store


INSTALL = "pip install 'crossnets[export]'"

AGREEMENT_MM = 1e-3
"""Most that the ONNX graph may differ from torch in any coordinate."""

COMPARED = 24
"""Crops on which the two are compared."""

ROWS_AT_ONCE = 256
"""Crops that are predicted at once."""

TRAINED_ON = {
    "nyu36": "the NYU hand pose data set",
    "hand21": "the MSRA hand gesture data set",
    "icvl16": "the ICVL hand posture data set",
}
"""What the authors trained on, by the hand of their weights."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A model, and what is known about it."""

    model: Model
    origin: dict[str, str]
    """Where it came from; no path of this machine."""
    data: HandData | None = None
    """What it was trained on, if that is known."""


def export(verb: Export) -> int:
    """Write a model to a new folder and print its figures."""
    if verb.format not in ("table", "json"):
        raise ValueError(f"`--format` must be table or json, got {verb.format!r}.")
    if missing := onnx_graph.missing():
        raise ValueError(f"export needs {', '.join(missing)}: {INSTALL}")
    out = Path(verb.out)
    exported.refuse_existing(out)
    source = open_source(verb.model, verb.store, verb.device)
    data = _data(verb, source)
    graph = onnx_graph.graph(source.model)
    figures = measure(source.model, graph, data, device=verb.device)
    version = provenance.code_version()
    sizes = exported.write(
        source.model,
        out,
        graph=graph,
        card=card(source.model, origin=source.origin, figures=figures, version=version),
        origin=source.origin,
        code_version=version,
    )
    print(_shown(out, sizes, figures, verb.format))  # noqa: T201
    return DONE


def open_source(name: str, store: str | Path, device: str = "cpu") -> Source:
    """The model that `crossnets export` was asked for.

    Args:
        name: `published:DIR`, a folder of a run or an export, or NAME/TRIAL.
        store: Folder of the store that has the trial.
        device: Where a trial's last epochs are trained again.

    Raises:
        ValueError: If there is no such model, or its files are damaged.
        StorageError: If the store cannot be read.
    """
    if name.startswith(published.PREFIX):
        model = models.open_model(name)
        data = TRAINED_ON[model.skeleton.name]
        kind = {"kind": PUBLISHED, "name": Path(name).name, "data": data}
        return Source(model=model, origin=kind)
    folder = Path(name)
    if folder.is_dir():
        model = models.open_model(name)
        if (folder / exported.HEADER).is_file():
            return Source(model=model, origin=exported.origin(folder))
        origin = {"kind": "run", "name": folder.resolve().name}
        return Source(model=model, origin=origin)
    if name.count("/") != 1 or not Path(store).is_dir():
        raise ValueError(
            "`model` must be NAME/TRIAL of a search in `store`, a folder of a model, "
            f"or published:DIR, got {name!r}."
        )
    return _of_trial(name, store, device)


def measure(
    model: Model, graph: bytes, data: HandData | None, *, device: str = "cpu"
) -> dict[str, Any]:
    """The figures of a model card.

    Args:
        model: The trained networks.
        graph: Its ONNX model.
        data: Measured on the test part; None for rendered crops, without errors.
        device: Where frames are predicted.

    Returns:
        Figures by name; errors and `data` only if there are data.

    Raises:
        ValueError: If the data do not fit the model or have no test part, or
            the graph does not give what torch gives.
    """
    figures: dict[str, Any] = {}
    if data is None:
        depth, centre_mm = rendered(model.config.networks.side_px)
    else:
        rows = _test_rows(model, data)
        figures = _errors(model, data, rows, device)
        some = rows[np.linspace(0, len(rows) - 1, min(COMPARED, len(rows))).astype(int)]
        depth, centre_mm = _crops(data, some)
    difference_mm = onnx_graph.difference_mm(graph, model, depth, centre_mm)
    if not difference_mm <= AGREEMENT_MM:
        raise ValueError(
            f"the ONNX model must give torch's joints within {AGREEMENT_MM:g} mm, and "
            f"differs by {difference_mm:g} mm."
        )
    used = ("trunk", "posterior", "decoder")
    return figures | {
        "onnx_difference_mm": difference_mm,
        "onnx_frames": len(depth),
        "parameters": _parameters(model, tuple(model.modules)),
        "parameters_of_prediction": _parameters(model, used),
    }


def rendered(side_px: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Crops of the embedded hands and their centres, where no data are at hand."""
    with tempfile.TemporaryDirectory(prefix="crossnets-export-") as scratch:
        spec = f"synthetic:{COMPARED}"
        data = open_data(spec, side_px=side_px, cache=Path(scratch))
        return _crops(data, np.arange(COMPARED))


def _of_trial(name: str, store: str | Path, device: str) -> Source:
    """A trial of a search at its last reported step."""
    try:
        again = repeat.stored(store, name)
    except ValueError as error:
        raise ValueError(str(error).replace("`from`", "`model`")) from error
    if again.step is None:
        raise ValueError(
            f"`model` must be a trial that has ended with a figure, got {name!r}."
        )
    same_data(again.data, again.fingerprint, device)
    held = bank(again.data, device)
    root = Store.open(store).storage.root
    assert root is not None  # a store that is a folder, as was checked
    checkpoints = root / "checkpoints" / name
    lane = _saved(checkpoints, again.config, again.step, device)
    if lane is None:
        _say(f"Training {name} on from its checkpoint to step {again.step}.")
        lane = _trained_on(again, again.step, checkpoints, device)
    found = metrics.summary(held.evaluate(lane, "validation"))[again.objective]
    if found != again.objective_mm:
        _say(
            f"{name} has {found!r} mm on the validation split here, and "
            f"{again.objective_mm!r} mm in the store."
        )
    origin = {
        "kind": "trial",
        "name": name,
        "step": str(again.step),
        "data": plain(again.data.spec),
    }
    if again.init is not None:
        origin["started from"] = plain(again.init)
    model = dataclasses.replace(models.of_lane(name, lane), camera=held.data.camera)
    return Source(model=model, origin=origin, data=held.data)


def _saved(
    checkpoints: Path, config: TrainConfig, step: int, device: str
) -> Lane | None:
    """The lane of a sound checkpoint at a step, if there is one."""
    for path in checkpoints.glob(models.CHECKPOINTS):
        try:
            lane = state.load_lane(path, device)
        except state.Damaged:
            continue
        if (lane.config, lane.stage, lane.epoch) == (config, "joint", step):
            return lane
    return None


def _trained_on(again: Stored, step: int, checkpoints: Path, device: str) -> Lane:
    """A trial's lane at a step, trained there from its newest checkpoint."""
    with tempfile.TemporaryDirectory(prefix="crossnets-export-") as scratch:
        copy = Path(scratch) / "checkpoints"  # the store's own stay as they are
        if checkpoints.is_dir():
            shutil.copytree(checkpoints, copy)
        plan = Plan(
            base=again.config,
            data=again.data,
            checkpoints=scratch,
            device=device,
            init=again.init,
        )
        runner = TrainRunner(plan.job(copy.name, {}))
        while runner.lane.stage != "joint" or runner.lane.epoch < step:
            runner.advance()
    return runner.lane


def plain(spec: str) -> str:
    """The name of data or a model without the folder that it lies in on this machine."""
    kind, colon, rest = spec.partition(":")
    return f"{kind}:{Path(rest).name}" if colon else Path(spec).name


def _data(verb: Export, source: Source) -> HandData | None:
    """What is measured on: what was asked for, else what was trained on."""
    known = source.data
    if verb.data is None and verb.split is None:
        return known
    spec = verb.data or (None if known is None else known.name)
    if spec is None:
        raise ValueError("`split` needs `data`: what it was trained on is not known.")
    with preparation() as progress:
        return open_data(
            spec,
            side_px=source.model.config.networks.side_px,
            split=verb.split,
            cache=Path(verb.store) / "cache",
            progress=progress,
        )


def _test_rows(model: Model, data: HandData) -> np.ndarray:
    """The test frames of data that fit a model."""
    have, want = data.skeleton.name, model.skeleton.name
    if have != want:
        raise ValueError(f"`data` must have the hand {want}, as the model, got {have}.")
    rows = data.rows("test")
    if not len(rows):
        raise ValueError(f"`data` must have test frames, got {data.name}.")
    return rows


def _errors(
    model: Model, data: HandData, rows: np.ndarray, device: str
) -> dict[str, Any]:
    """Errors on some frames, and those of the pose VAE alone."""
    predict = folded.fast(model, device)
    found = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        depth, centre_mm = _crops(data, rows[start : start + ROWS_AT_ONCE])
        found.append(predict(depth.to(device), centre_mm.to(device)).cpu())
    labels = torch.tensor(data.joints_mm[rows])
    joints = list(data.evaluated)
    errors = metrics.joint_errors(torch.cat(found)[:, joints], labels[:, joints])
    trip = metrics.joint_errors(model.round_trip(labels), labels)
    return {
        "data": plain(data.name),
        "frames": len(rows),
        **metrics.summary(errors),
        "vae_round_trip_mm": float(trip.double().mean()),
    }


def _crops(data: HandData, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    depth = torch.from_numpy(np.asarray(data.crops[rows], np.float32)).unsqueeze(1)
    return depth, torch.tensor(data.centres_mm[rows])


def _parameters(model: Model, names: tuple[str, ...]) -> int:
    return sum(p.numel() for name in names for p in model.modules[name].parameters())


def _shown(
    out: Path, sizes: Mapping[str, int], figures: Mapping[str, Any], style: str
) -> str:
    """What was written and measured."""
    if style == "json":
        facts = {"out": str(out), "bytes": sizes, **figures}
        return json.dumps(facts, indent=1)
    rows = [{"figure": n, "value": tables.rounded(v)} for n, v in figures.items()]
    rows += [{"figure": f"{n}, bytes", "value": str(s)} for n, s in sizes.items()]
    return tables.show(pa.Table.from_pylist(rows), style, f"{out}: exported")


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201
