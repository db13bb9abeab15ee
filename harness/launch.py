"""A search from its options to its last trial: start, resume and extend are one.

`search` checks everything it can before the store is touched, prepares the
data once, and hands a policy to Ray Tune. What it finds in the store under the
same name it goes on with, if nothing that decides a result differs.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cnets.config import TrainConfig
from cnets.data import HandData, open_data, resolved
from harness import provenance, ray_adapters, sampler
from harness.job import DataChoice, Plan, Report
from harness.live import Live
from harness.options import SearchOptions
from harness.policy import Policy
from harness.recorder import Recorder, Tracked
from harness.runner import Runner, TrainRunner, mean_pose_error
from harness.search_policy import SearchPolicy, Watcher
from harness.tensorboard import Board
from results import Header, Store, Writer, check_name, queries
from search_spaces import OneOf, Parameter, Real, Space, Value, Whole, registry


Progress = Callable[[int, int], None]
"""Called with the frames that are prepared and the frames there will be."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """How a search stands when `search` returns."""

    name: str
    store: Store
    finished: bool
    """Whether every trial has ended; False after an interruption."""
    states: dict[str, int]
    """Trials by state."""

    @property
    def too_many_crashed(self) -> bool:
        """Whether more than a fifth of the trials crashed."""
        return self.states.get("crashed", 0) > 0.2 * sum(self.states.values())


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A search that was checked and may start."""

    name: str
    options: SearchOptions
    space: Space
    ratios: tuple[float, ...]
    base: TrainConfig
    choice: DataChoice
    data: HandData


def search(
    name: str,
    options: SearchOptions | None = None,
    *,
    store: str | Path = "runs",
    cache: str | Path | None = None,
    address: str | None = None,
    device: str = "auto",
    takeover: bool = False,
    runner: type[Runner] = TrainRunner,
    progress: Progress | None = None,
) -> Search:
    """Start, resume or extend a search, and wait for its end.

    Args:
        name: Name of the search: letters, digits, `_` and `-`.
        options: What it does; the defaults if None.
        store: Folder of the store; made if it is missing.
        cache: Folder of prepared data; default: `cache` in the store.
        address: Ray cluster to run on, `auto` for the one of this machine;
            None starts one for the length of the search.
        device: `cpu`, `cuda`, or `auto` for a GPU where the cluster has one.
        takeover: Whether to go on though another process drives the search.
        runner: What trains a job.
        progress: Told how far the preparation of the data is.

    Returns:
        How it stands; `finished` is False after Ctrl-C.

    Raises:
        ValueError: If an option is wrong, or the store has a search of that
            name with another space, data, seed or base.
        StorageError: If the store cannot be read or written.
    """
    options = options or SearchOptions()
    cache = Path(cache or Path(store) / "cache")
    prepared = prepare(name, options, cache, progress)
    opened = Store.open(store, create=True)
    _begin(opened, prepared)
    if already := _ended(opened, prepared):
        return already
    with (
        opened.writer(name, takeover=takeover) as writer,
        connected(address, options.concurrency) as (slots, gpu),
    ):
        chosen = ("cuda" if gpu else "cpu") if device == "auto" else device
        return _run(prepared, opened, writer, slots, chosen, runner)


def prepare(
    name: str, options: SearchOptions, cache: Path, progress: Progress | None = None
) -> Prepared:
    """Check a search and prepare its data; the store is not touched.

    Raises:
        ValueError: If anything in it is wrong.
    """
    check_name("name", name)
    base, _ = options.base(), options.rungs()
    space = space_of(options, base)
    wanted = options.wanted_ratios()
    if sampler.RATIO not in space.parameters:
        wanted = wanted or (base.labelled_ratio,)
    ratios = sampler.ratios_of(space, wanted)
    choice = DataChoice(
        spec=resolved(options.data),
        side_px=base.networks.side_px,
        split=options.split,
        cache=str(cache.resolve()),
    )
    data = open_data(
        choice.spec,
        side_px=choice.side_px,
        split=choice.split,
        cache=cache,
        progress=progress,
    )
    base = base.replace({"networks.joints": data.joints})
    return Prepared(
        name=name,
        options=options,
        space=space,
        ratios=ratios,
        base=base,
        choice=choice,
        data=data,
    )


def space_of(options: SearchOptions, base: TrainConfig) -> Space:
    """The space of a search, started where the base configuration is.

    A preset or `--set` that moves a searched field moves the start with it, as
    far as the space reaches.

    Raises:
        ValueError: If a parameter is no field of a run.
    """
    space = registry.space(options.space)
    known = base.flat()
    for name in space.unknown(known):
        fields = ", ".join(known)
        raise ValueError(
            f"`space` must vary fields of the run, got `{name}` in `{space.name}`; "
            f"known: {fields}."
        )
    paper = TrainConfig().flat()
    moved = {
        name: known[name]
        for name, parameter in space.parameters.items()
        if known[name] != paper[name] and parameter.holds(known[name])
    }
    for values in _corners(space):
        base.replace(values)
    return space.started_at(moved)


def header_of(prepared: Prepared) -> Header:
    """The header of a new search."""
    options, data = prepared.options, prepared.data
    configs = {r: prepared.base.replace({"labelled_ratio": r}) for r in prepared.ratios}
    baseline = {
        str(ratio): mean_pose_error(
            data, config.replace({"label_seed": options.seed}), "validation"
        )
        for ratio, config in configs.items()
    }
    return Header(
        name=prepared.name,
        space=json.loads(prepared.space.to_json()),
        base_config=prepared.base.flat(),
        data=prepared.choice.spec,
        data_settings={
            "side_px": data.side_px,
            "split": options.split,
            "cache": prepared.choice.cache,
        },
        data_fingerprint=data.fingerprint,
        mean_pose_mm=baseline,
        code_version=provenance.code_version(),
        environment=provenance.environment(),
        seed=options.seed,
        ratios=prepared.ratios,
        parameters={n: _kind(p) for n, p in prepared.space.parameters.items()},
        rules=_rules(options),
        trials=options.trials,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _begin(store: Store, prepared: Prepared) -> None:
    """Create the search, or see that the one there is the same."""
    wanted = header_of(prepared)
    if prepared.name not in store.searches():
        store.create_search(wanted)
        return
    there = store.header(prepared.name)
    fixed = (
        "space",
        "base_config",
        "data_fingerprint",
        "seed",
        "ratios",
        "rules",
    )
    for field in fixed:
        old, new = _comparable(there, field), _comparable(wanted, field)
        if old != new:
            raise ValueError(
                f"`name` must be new or the same search: `{prepared.name}` exists with "
                f"another {field.replace('_', ' ')} ({_difference(old, new)})."
            )


def _ended(store: Store, prepared: Prepared) -> Search | None:
    """The search, if it has nothing left to run."""
    trials = queries.read(store, "trials", prepared.name)
    states = trials["state"].to_pylist()
    if len(states) < prepared.options.trials or {"pending", "running"} & set(states):
        return None
    return _search_of(store, prepared.name, finished=True)


def _run(
    prepared: Prepared,
    store: Store,
    writer: Writer,
    slots: int,
    device: str,
    runner: type[Runner],
) -> Search:
    """Hand the policy to Ray Tune, and wait."""
    options, name = prepared.options, prepared.name
    root = store.storage.root
    if root is None:
        raise ValueError(
            f"`store` must be a folder that all workers see, got {store.storage.location}."
        )
    rungs = options.rungs()
    board = Board(root / "tensorboard" / name)
    watchers: list[Watcher] = [board]

    def watch(trial: Tracked, report: Report | None) -> None:
        for watcher in watchers:
            watcher(trial, report)

    policy = SearchPolicy(
        space=prepared.space,
        ratios=prepared.ratios,
        seed=options.seed,
        trials=options.trials,
        base=prepared.base,
        rungs=rungs,
        objective=options.objective,
        recorder=Recorder(writer, prepared.space.name, provenance.code_version()),
        watch=watch,
    )
    policy.restore(
        queries.read(store, "trials", name).to_pylist(),
        queries.read(store, "reports", name).to_pylist(),
    )
    plan = Plan(
        base=prepared.base,
        data=prepared.choice,
        checkpoints=str(root / "checkpoints" / name),
        picture_steps=(*rungs.steps(), rungs.max_step),
        device=device,
    )
    live = Live(
        name,
        lambda: policy.trials,
        wanted=options.trials,
        slots=slots,
        ratios=prepared.ratios,
    )
    watchers.append(live)
    with contextlib.closing(board), live:
        run_policy(policy, plan, runner, name, slots=slots, retries=options.retries)
    writer.flush()
    return _search_of(store, name, finished=policy.finished)


def run_policy(
    policy: Policy,
    plan: Plan,
    runner: type[Runner],
    name: str,
    *,
    slots: int,
    retries: int,
) -> None:
    """Run a policy's trials on the cluster that is connected.

    Tune's own files go to a folder that is removed; nothing is read from it.
    """
    from ray import tune

    from harness.trial import Trial

    resources = {"cpu": 1, "gpu": 1} if plan.device == "cuda" else {"cpu": 1}
    scratch = tempfile.mkdtemp(prefix="crossnets-tune-")
    try:
        ray_adapters.run_tune(
            tune.with_parameters(Trial, runner=runner, plan=plan),
            policy,
            slots=slots,
            resources=resources,
            storage_path=scratch,
            name=name,
            max_failures=retries,
            checkpoint_every=0,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _search_of(store: Store, name: str, *, finished: bool) -> Search:
    states = queries.progress(store, name).states
    return Search(name=name, store=store, finished=finished, states=states)


@contextlib.contextmanager
def connected(address: str | None, slots: int | None) -> Iterator[tuple[int, bool]]:
    """A cluster, how many trials to run at once on it, and whether it has GPUs."""
    import ray

    address = address or os.environ.get("RAY_ADDRESS")
    with ray_adapters.cluster(address, cpus=slots):
        have = ray.cluster_resources()
        gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 1))
        yield slots or gpus or max(cpus, 1), gpus > 0


def _rules(options: SearchOptions) -> dict[str, Any]:
    """What decides when a trial stops, for the header."""
    rungs = options.rungs()
    return {
        "objective": options.objective,
        "grace": rungs.grace,
        "eta": rungs.eta,
        "max_step": rungs.max_step,
    }


def _corners(space: Space) -> Iterator[dict[str, Value]]:
    """Every parameter at each of its ends, one at a time."""
    for name, parameter in space.parameters.items():
        if isinstance(parameter, Real | Whole):
            yield {name: parameter.low}
            yield {name: parameter.high}
        else:
            yield from ({name: value} for value in parameter.values)


def _kind(parameter: Parameter) -> str:
    """The store's name for the type of a parameter."""
    if isinstance(parameter, Whole):
        return "int"
    whole = isinstance(parameter, OneOf) and all(
        isinstance(value, int) for value in parameter.values
    )
    return "int" if whole else "float"


def _comparable(header: Header, field: str) -> Any:
    """A field as plain JSON, so that lists equal tuples."""
    return json.loads(json.dumps(getattr(header, field)))


def _difference(old: Any, new: Any) -> str:
    """The first thing that differs, for an error."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *new]:
            if old.get(name) != new.get(name):
                inner = _difference(old.get(name), new.get(name))
                return f"{name}: {inner}"
    return f"{old} there, {new} now"
