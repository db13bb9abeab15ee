"""The model that is exported, and what is known about where it came from.

A trial of a search is exported as it was at its last reported epoch. Its newest
checkpoint is usually a little older than that, so the epochs between are trained
again; the same seed gives the same weights.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cnets import metrics
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.inference import exported, models, published
from cnets.inference.model import Model
from cnets.training import state
from cnets.training.lanes.lane import Lane
from harness import repeat
from harness.definition.job import Plan
from harness.exporting import card
from harness.repeat import Stored
from harness.worker.process_bank import bank, same_data
from harness.worker.train_runner import TrainRunner
from results import Store, queries


TRAINED_ON = {
    "nyu36": "the NYU hand pose data set",
    "hand21": "the MSRA hand gesture data set",
    "icvl16": "the ICVL hand posture data set",
}
"""What the authors trained on, by the hand of their weights."""


Say = Callable[[str], None]
"""Told a sentence that a person should know."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A model, and what is known about it."""

    model: Model
    origin: dict[str, str]
    """Where it came from; no path of this machine."""
    data: HandData | None = None
    """What it was trained on, if that is known."""
    tested: bool = True
    """Whether the test part had no say in the choice of it: False for a trial of a
    search without finals, for whoever compares trials by it chooses by it."""
    validation_mm: float | None = None
    """Mean joint error on the validation part; None if it is not known."""


def open_source(
    name: str, store: str | Path, device: str = "cpu", say: Say | None = None
) -> Source:
    """The model that was asked for, by one of its three kinds of names.

    Args:
        name: `published:DIR`, a folder of a run or an export, or NAME/TRIAL.
        store: Folder of the store that has the trial.
        device: Where a trial's last epochs are trained again.
        say: Told if epochs are trained again, or with another error than stored.

    Raises:
        ValueError: If there is no such model, or its files are damaged.
        StorageError: If the store cannot be read.
    """
    if name.startswith(published.PREFIX):
        model = models.open_model(name)
        data = TRAINED_ON[model.skeleton.name]
        kind = {"kind": card.PUBLISHED, "name": Path(name).name, "data": data}
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
    return _of_trial(name, store, device, say or (lambda _: None))


def _of_trial(name: str, store: str | Path, device: str, say: Say) -> Source:
    """A trial of a search at its last reported epoch."""
    try:
        again = repeat.stored(store, name)
    except ValueError as error:
        raise ValueError(str(error).replace("`from`", "`model`")) from error
    if again.step is None:
        raise ValueError(
            f"`model` must be a trial that has ended with a figure, got {name!r}."
        )
    same_data(again.data, again.fingerprint, device)
    opened = bank(again.data, device)
    search, trial = name.split("/")
    finals = queries.read(Store.open(store), "finals", search).to_pylist()
    tested = {row["trial"] for row in finals if row["look"]}
    root = Store.open(store).storage.root
    assert root is not None  # a store that is a folder, as was checked
    checkpoints = root / "checkpoints" / name
    lane = _saved(checkpoints, again.config, again.step, device)
    if lane is None:
        say(f"Training {name} on from its checkpoint to epoch {again.step}.")
        if again.device not in (None, device):
            say(
                f"{name} was trained on {again.device}, and its last epochs are on "
                f"{device} here: the networks differ in the last digits."
            )
        lane = _trained_on(again, again.step, checkpoints, device)
    figures = metrics.summary(opened.judge.evaluate(lane, "validation"))
    error_mm = figures[again.objective]
    if error_mm != again.objective_mm:
        say(
            f"{name} has {error_mm!r} mm on the validation split here, and "
            f"{again.objective_mm!r} mm in the store."
        )
    origin = {
        "kind": "trial",
        "name": name,
        "epoch": str(again.step),
        "data": plain(again.data.spec),
    }
    if again.init is not None:
        origin["started from"] = plain(again.init)
    lane.subject = opened.subject  # an older checkpoint does not say it
    model = models.of_lane(name, lane)
    return Source(
        model=model,
        origin=origin,
        data=opened.data,
        tested=trial in tested,
        validation_mm=figures["mean_joint_error_mm"],
    )


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
            data=again.data,
            checkpoints=scratch,
            device=device,
            init=again.init,
            rows=again.rows,  # a stack's rows decide how its sums are rounded
        )
        runner = TrainRunner(plan.job(copy.name, again.config))
        while runner.lane.stage != "joint" or runner.lane.epoch < step:
            runner.advance()
    return runner.lane


def plain(spec: str) -> str:
    """The name of data or a model without the folder that it lies in on this machine."""
    kind, colon, rest = spec.partition(":")
    return f"{kind}:{Path(rest).name}" if colon else Path(spec).name
