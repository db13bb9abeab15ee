"""What a search will cost, before it starts: trials, updates, hours and disk.

Nothing is written but the prepared data. A probe of some seconds says what an
update takes on this machine (`probe.py`); everything else is counted from the
configuration. How many trials there are and how far they come says `ladders.py`, how
much they share `pre_trainings.py`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from cnets.config import TrainConfig
from cnets.data.crops.cache import Progress
from cnets.training import schedule, sizes
from cnets.training.sharing import stage_keys
from harness import ladders, pre_trainings, probe
from harness.definition import disk as disk_space
from harness.definition.disk import Forecast
from harness.definition.options import AnyDevice, SearchOptions, check_choice
from harness.ladders import Expected, Ladder
from harness.prepare import Prepared, prepare
from harness.probe import Speed
from harness.worker import device as devices
from search_spaces import OneOf, Space


GUESSES = 3
"""How often the epochs that fit into a time are guessed anew."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a search takes, with or without the tree of stages."""

    pre_trainings: Mapping[str, int]
    """How often each stage is trained; with the tree at most."""
    updates: Mapping[str, int]
    """Training iterations by stage."""
    hours: float
    """Of one core or one GPU."""
    wall_hours: float
    """On all slots together, and no less than the longest trial."""

    @property
    def iterations(self) -> int:
        """Training iterations of all stages."""
        return sum(self.updates.values())


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The whole answer."""

    ladders: tuple[Ladder, ...]
    speed: Speed
    alone: Cost
    """Every trial trains its own stages."""
    shared: Cost
    """Stages are trained once."""
    disk: Forecast
    device: str
    slots: int
    is_shared: bool
    """Whether the search as it is asked for shares its stages."""
    unshared: Mapping[str, tuple[str, ...]]
    """Stages that no two trials can share, each with the parameters in which they
    differ."""
    counted: tuple[str, ...] = ()
    """What the data has, in lines to be said."""

    @property
    def asked(self) -> Cost:
        """What the search takes as it is asked for."""
        return self.shared if self.is_shared else self.alone


def plan(
    name: str,
    options: SearchOptions,
    *,
    cache: Path,
    device: AnyDevice = "auto",
    progress: Progress | None = None,
) -> Estimate:
    """What a search will take on this machine, after a short probe.

    Args:
        name: Name that the search would have.
        options: The search.
        cache: Folder of prepared data.
        device: `cpu`, `cuda`, or `auto` for a GPU where there is one.
        progress: Told how far the preparation of the data is.

    Raises:
        ValueError: If anything in the search is wrong.
    """
    check_choice("device", device, AnyDevice)
    devices.check(device)
    prepared = prepare(name, options, cache, progress)
    gpus = torch.cuda.device_count()
    chosen = ("cuda" if gpus else "cpu") if device == "auto" else device
    here = gpus if chosen == "cuda" else os.cpu_count()
    speed = probe.measure(prepared.data, prepared.base, chosen)
    return estimate(prepared, speed, chosen, options.concurrency or here or 1)


def estimate(prepared: Prepared, speed: Speed, device: str, slots: int) -> Estimate:
    """What a search will take.

    Args:
        prepared: The search, checked.
        speed: What `probe.measure` gives.
        device: `cpu` or `cuda`.
        slots: Trials at once.

    Raises:
        ValueError: If `slots` is below 1.
    """
    if not slots >= 1:
        raise ValueError(f"`slots` must be 1 or more, got {slots}.")
    options = prepared.options
    found = _expected(prepared, speed, slots)
    costs = [
        _cost(prepared, found, speed, slots, share_stages=shared)
        for shared in (False, True)
    ]
    counted = pre_trainings.count(prepared, found.trials)
    disk = disk_forecast(
        prepared,
        trials=sum(found.trials.values()),
        slots=slots,
        strips=len(options.rungs().steps()) + 1,
        products=counted if options.share_stages else {},
    )
    return Estimate(
        ladders=found.ladders,
        speed=speed,
        alone=costs[0],
        shared=costs[1],
        disk=disk,
        device=device,
        slots=slots,
        is_shared=options.share_stages,
        unshared=pre_trainings.unshared(prepared, found.trials),
        counted=prepared.counted,
    )


def _expected(prepared: Prepared, speed: Speed, slots: int) -> Expected:
    """What the search runs; with a budget of hours as much as fits into them."""
    budget = prepared.options.limit()
    if budget is None:
        return ladders.expected(prepared, slots, None)
    epochs = budget.amount * prepared.base.joint.epochs
    if budget.limit_s is None:
        return ladders.expected(prepared, slots, epochs)
    hours, epochs = budget.amount, 10.0 * prepared.base.joint.epochs
    for _ in range(GUESSES):
        found = ladders.expected(prepared, slots, epochs)
        shared = prepared.options.share_stages
        cost = _cost(prepared, found, speed, slots, share_stages=shared)
        takes = cost.hours if budget.unit == "gpuh" else cost.hours / slots
        epochs *= hours / takes
    return ladders.expected(prepared, slots, epochs)


def disk_forecast(
    prepared: Prepared,
    *,
    trials: int,
    slots: int,
    strips: int,
    products: Mapping[str, int],
) -> Forecast:
    """What trials of a search will need on disk, at most.

    Args:
        prepared: The search.
        trials: Trials that have not ended; where they wait, all of them.
        slots: Trials at once.
        strips: Pictures that a trial hands in.
        products: Pre-trainings that are stored, by stage.
    """
    latent = largest_latent(prepared.space, prepared.base)
    largest = prepared.base.replace({"latent_size": latent})
    weights, buffers = sizes.of_networks(largest)
    return disk_space.forecast(
        prepared.base,
        weights=weights,
        buffers=buffers,
        trials=trials,
        ratios=len(prepared.ratios),
        slots=slots,
        keep=prepared.options.keep,
        waiting=trials if prepared.options.waits else 0,
        strips=strips,
        products=[
            size
            for stage, count in products.items()
            for size in [sizes.of_product(largest, stage)] * count
        ],
    )


def largest_latent(space: Space, base: TrainConfig) -> int:
    """The largest latent size of a search."""
    parameter = space.parameters.get("latent_size")
    if parameter is None:
        return base.latent_size
    if isinstance(parameter, OneOf):
        return int(max(float(value) for value in parameter.values))
    return int(parameter.high)


def _cost(
    prepared: Prepared,
    expected: Expected,
    speed: Speed,
    slots: int,
    *,
    share_stages: bool,
) -> Cost:
    """Updates and hours of a search."""
    base, data = prepared.base, prepared.data
    trials = sum(expected.trials.values())
    counts = dict.fromkeys(pre_trainings.shared(prepared), trials)
    if share_stages:
        counts = pre_trainings.count(prepared, expected.trials)
    epochs: dict[str, float] = {
        s: n * schedule.epochs_of(base, s) for s, n in counts.items()
    }
    one: dict[str, float] = {stage: schedule.epochs_of(base, stage) for stage in counts}
    if prepared.init is None:
        epochs["warm_up"] = trials * base.joint.warm_up_epochs
        one["warm_up"] = base.joint.warm_up_epochs
    epochs["joint"] = sum(ladder.epochs for ladder in expected.ladders)
    one["joint"] = base.joint.epochs
    steps = {stage: schedule.steps_an_epoch(base, stage, data) for stage in epochs}
    whole_h, longest_h = (
        _hours(part, steps, speed, len(data.rows("validation")))
        for part in (epochs, one)
    )
    return Cost(
        pre_trainings=counts,
        updates={stage: round(n * steps[stage]) for stage, n in epochs.items()},
        hours=whole_h,
        wall_hours=max(whole_h / slots, longest_h),
    )


def _hours(
    epochs: Mapping[str, float], steps: Mapping[str, int], speed: Speed, frames: int
) -> float:
    """Hours of one slot for epochs of each stage."""
    seconds = 0.0
    for stage, count in epochs.items():
        judging_s = 0.0 if stage in stage_keys.SHARED else frames * speed.frame_s
        seconds += count * (steps[stage] * speed.update_s[stage] + judging_s)
    return seconds / 3600
