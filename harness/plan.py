"""What a search will cost, before it starts: trials, updates, hours and disk.

Nothing is written but the prepared data. A probe of some seconds says what an
update takes on this machine (`probe.py`); everything else is counted from the
configuration.
How many trials reach a rung is what is expected of `eta`; more do in a small
search, whose rungs compare a trial with few others.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from cnets.config import TrainConfig
from cnets.data.crops.cache import Progress
from cnets.training import schedule, sizes
from cnets.training.sharing import stage_keys
from harness import probe
from harness.definition import disk as disk_space, spaces
from harness.definition.disk import Forecast
from harness.definition.options import AnyDevice, SearchOptions, check_choice
from harness.definition.rungs import Rungs
from harness.prepare import Prepared, prepare
from harness.probe import Speed
from harness.worker import device as devices
from search_spaces import OneOf, Real, Space


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The trials of one labelled ratio."""

    labelled_ratio: float
    trials: int
    reach: Mapping[int, float]
    """Trials expected to train up to a step, by step; the last is the end."""

    @property
    def epochs(self) -> float:
        """Joint epochs that they train in all."""
        before, total = 0, 0.0
        for step, count in self.reach.items():
            total += (step - before) * count
            before = step
        return total


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
    rungs, options = prepared.options.rungs(), prepared.options
    ladders = tuple(ladder(r, n, rungs) for r, n in shares(prepared).items())
    costs = [
        _cost(prepared, ladders, speed, slots, share_stages=shared)
        for shared in (False, True)
    ]
    disk = disk_forecast(
        prepared,
        trials=options.trials,
        slots=slots,
        strips=len(rungs.steps()) + 1,
        products=pre_trainings(prepared) if options.share_stages else {},
    )
    return Estimate(
        ladders=ladders,
        speed=speed,
        alone=costs[0],
        shared=costs[1],
        disk=disk,
        device=device,
        slots=slots,
        is_shared=options.share_stages,
        unshared=unshared(prepared),
        counted=prepared.counted,
    )


def shares(prepared: Prepared) -> dict[float, int]:
    """Trials at each labelled ratio: they take turns."""
    every, count = divmod(prepared.options.trials, len(prepared.ratios))
    return {r: every + (place < count) for place, r in enumerate(prepared.ratios)}


def ladder(ratio: float, trials: int, rungs: Rungs) -> Ladder:
    """How far the trials of a ratio are expected to come.

    Args:
        ratio: The labelled ratio.
        trials: How many there are.
        rungs: One in `eta` goes on at each, and always one.
    """
    steps = (*rungs.steps(), rungs.max_step)
    least = min(trials, 1)
    reach = {s: max(least, trials / rungs.eta**k) for k, s in enumerate(steps)}
    return Ladder(labelled_ratio=ratio, trials=trials, reach=reach)


def pre_trainings(prepared: Prepared) -> dict[str, int]:
    """How many products each shared stage has at most, over all trials.

    Only the fields of a stage's key count: with none of them in the space there
    is one product (of the VAE one a ratio); with a continuous one there is one
    a trial.
    """
    found = dict.fromkeys(_shared(prepared), 0)
    for stage in found:
        kinds = _kinds(prepared.space, stage)
        parts = shares(prepared).values()
        if spaces.RATIO not in stage_keys.FIELDS[stage]:
            parts = [prepared.options.trials]
        found[stage] = int(sum(min(part, kinds) for part in parts))
    return found


def unshared(prepared: Prepared) -> dict[str, tuple[str, ...]]:
    """The stages that every trial has to train for itself, and why.

    Returns:
        By stage the searched parameters that its product depends on; the labelled
        ratio where nothing else differs.
    """
    trials = prepared.options.trials
    found = {}
    for stage, count in pre_trainings(prepared).items():
        if trials > 1 and count == trials:
            fields = stage_keys.FIELDS[stage]
            searched = [name for name in prepared.space.parameters if name in fields]
            own = tuple(name for name in searched if name != spaces.RATIO)
            found[stage] = own or (spaces.RATIO,)
    return found


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
        trials: Trials that have not ended.
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


def _shared(prepared: Prepared) -> list[str]:
    """The stages before the warm-up that a search has."""
    if prepared.init is not None:
        return []
    return [s for s in stage_keys.SHARED if schedule.epochs_of(prepared.base, s) > 0]


def _kinds(space: Space, stage: str) -> float:
    """Combinations of a stage's fields in a space, the ratio aside."""
    total = 1.0
    for name, parameter in space.parameters.items():
        if name == spaces.RATIO or name not in stage_keys.FIELDS[stage]:
            continue
        if isinstance(parameter, Real):
            return math.inf
        if isinstance(parameter, OneOf):
            total *= len(parameter.values)
        else:
            total *= parameter.high - parameter.low + 1
    return total


def _cost(
    prepared: Prepared,
    ladders: tuple[Ladder, ...],
    speed: Speed,
    slots: int,
    *,
    share_stages: bool,
) -> Cost:
    """Updates and hours of a search."""
    base, data = prepared.base, prepared.data
    trials = prepared.options.trials
    counts = dict.fromkeys(_shared(prepared), trials)
    if share_stages:
        counts = pre_trainings(prepared)
    epochs: dict[str, float] = {
        s: n * schedule.epochs_of(base, s) for s, n in counts.items()
    }
    one: dict[str, float] = {stage: schedule.epochs_of(base, stage) for stage in counts}
    if prepared.init is None:
        epochs["warm_up"] = trials * base.joint.warm_up_epochs
        one["warm_up"] = base.joint.warm_up_epochs
    epochs["joint"] = sum(ladder.epochs for ladder in ladders)
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
