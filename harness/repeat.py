"""One run without Ray: a preset trained here, or a trial of a search again."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnets import presets
from cnets.config import TrainConfig
from cnets.data import counts
from harness.definition import data_choice
from harness.definition.data_choice import DataChoice
from harness.definition.job import Plan
from harness.definition.options import Device, assignments, check_choice
from harness.definition.report import Report
from harness.worker import checkpoints, device as here, initial_model
from harness.worker.process_bank import bank, same_data
from harness.worker.train_runner import TrainRunner
from results import Store, check_name, queries


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A trial as the store has it."""

    config: TrainConfig
    data: DataChoice
    fingerprint: str
    """Hash of the data that it ran on."""
    objective: str
    step: int | None
    """Its last step; None if it never reported one."""
    objective_mm: float | None
    """Its objective at that step."""
    init: str | None
    """Model that it started from."""
    rows: int | None
    """Lanes of the bank that it was one of; None if it ran alone."""
    device: str | None = None
    """What it was trained on; None if that was not stored."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What `train` is to train."""

    config: TrainConfig
    data: DataChoice
    until: int | None = None
    """Step after which to stop; None trains to the end."""
    init: str | None = None
    """Model to start the joint stage from."""
    rows: int | None = None
    """Lanes of the bank whose numbers are wanted; None trains alone."""
    device: str = "cpu"
    """What it trains on."""
    notes: tuple[str, ...] = ()
    """What a person should know before it is trained: of the data, and of the device."""


def stored(store: str | Path, which: str) -> Stored:
    """Everything that a trial's rerun needs, from the store alone.

    Args:
        store: Folder of the store.
        which: Search and trial, such as `real/t-00003`.

    Raises:
        ValueError: If there is no such search or trial.
        StorageError: If the store cannot be read.
    """
    name, slash, trial = which.partition("/")
    if not slash:
        raise ValueError(f"`from` must be SEARCH/TRIAL, got {which!r}.")
    check_name("from", trial)
    opened = Store.open(store)
    header = opened.header(name)
    rows = queries.read(opened, "trials", name).to_pylist()
    found = next((row for row in rows if row["trial"] == trial), None)
    if found is None:
        last = max((row["trial"] for row in rows), default="none")
        raise ValueError(
            f"`from` must name a trial of `{name}` (up to {last}), got {trial!r}."
        )
    return Stored(
        config=TrainConfig.from_stored(json.loads(found["config_json"])),
        data=data_choice.of_header(opened, header),
        fingerprint=header.data_fingerprint,
        objective=header.rules["objective"],
        step=found["epoch"],
        objective_mm=found["objective_mm"],
        init=initial_model.of_header(header),
        rows=header.rules.get("lanes"),
        device=found["device"],
    )


def of_trial(again: Stored, which: str, *, device: str | None = None) -> Run:
    """A trial of a search as a run of its own, up to the step that it reached.

    Args:
        again: The trial, as `stored` gives it.
        which: Its name, for an error.
        device: Where it trains; None is what it was trained on.

    Raises:
        ValueError: If it never reported an error, its data are others now, or this
            machine does not have the device.
    """
    if again.step is None:
        raise ValueError(f"`from` must have reported an error, got {which!r}.")
    chosen, notes = device or again.device or "cpu", ()
    if device is None:
        here.check(chosen, f", on which {which} was trained")
    if again.device not in (None, chosen):
        notes = (
            f"{which} was trained on {again.device} and is repeated on {chosen}: its "
            "numbers differ in the last digits.",
        )
    elif again.device is not None and chosen != "cpu":
        notes = (f"{which} was trained on {chosen} and is repeated there.",)
    here.check(chosen)
    data = same_data(again.data, again.fingerprint, chosen)
    counted = counts.check(data, ratios=[again.config.labelled_ratio])
    return Run(
        config=again.config,
        data=again.data,
        until=again.step,
        init=again.init,
        rows=again.rows,
        device=chosen,
        notes=(*counted, *notes),
    )


def of_preset(
    preset: str,
    changes: Sequence[str] = (),
    *,
    spec: str,
    split: str | None = None,
    unlabelled: str | None = None,
    poses: str | None = None,
    cache: Path,
    device: str = "cpu",
    init: str | None = None,
    test: bool = False,
) -> Run:
    """A preset, fitted to a data set, as a run to its end.

    Args:
        preset: Name of the preset.
        changes: Fields that differ from it, such as `losses.kl=0.5`.
        spec: The data set, as `open_data` takes it.
        split: Name of the split; None is the data's own default.
        unlabelled: Frames without labels, `DIR[@CAMERA]` or `test:SHARE`.
        poses: File of poses without images for the pose VAE.
        cache: Folder of prepared data.
        device: Where the data are opened.
        init: Model to start the joint stage from.
        test: Whether the test split is needed.

    Raises:
        ValueError: If the preset, a field, the data or the model is wrong.
    """
    here.check(device)
    config = presets.preset(preset).replace(assignments(changes))
    data = DataChoice(
        spec=spec,
        side_px=config.networks.side_px,
        split=split,
        unlabelled=unlabelled,
        poses=poses,
        cache=str(cache.resolve()),
    )
    hands = bank(data, device).data
    config = config.replace({"networks.joints": hands.joints})
    initial_model.facts(init, config)
    notes = counts.check(hands, ratios=[config.labelled_ratio], test=test)
    return Run(config=config, data=data, init=init, device=device, notes=notes)


def train(
    config: TrainConfig,
    data: DataChoice,
    *,
    folder: Path,
    until: int | None = None,
    device: str = "cpu",
    init: str | None = None,
    rows: int | None = None,
    test: bool = False,
) -> Iterator[Report]:
    """Train one run in this process.

    Args:
        config: The run.
        data: The data.
        folder: Where its checkpoints go; a run that was interrupted goes on.
        until: Step after which to stop; None trains to the end.
        device: `cpu` or `cuda`.
        init: Model to start the joint stage from.
        rows: Lanes of the bank whose numbers are wanted; the others are padding
            lanes.
        test: Whether the last report has the figures on the test split.

    Yields:
        One report an epoch.

    Raises:
        ValueError: If there is no such device, or the networks of another run lie in
            the folder.
    """
    check_choice("device", device, Device)
    here.check(device)
    plan = Plan(
        data=data,
        checkpoints=str(folder),
        test=test,
        device=device,
        init=init,
        rows=rows,
    )
    job = plan.job("run", config)
    runner = TrainRunner(job)
    checkpoints.check_free(Path(job.checkpoints), config, runner.lane.origin)
    while True:
        report = runner.advance()
        yield report
        if report.last or (until is not None and report.step >= until):
            return


def agrees(again: Stored, last: Report) -> bool:
    """Whether a repeated trial gave the stored number to the last bit.

    Args:
        again: The trial as the store has it, with a step.
        last: The report of the repetition at that step.
    """
    error_mm, stored_mm = last.metrics[again.objective], again.objective_mm
    assert stored_mm is not None
    return error_mm == stored_mm or (math.isnan(error_mm) and math.isnan(stored_mm))
