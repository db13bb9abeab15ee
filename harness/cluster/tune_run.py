"""Runs a policy's trials with Ray Tune, from the first proposal to the last end."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.error import TuneError

from harness.cluster.connection import quietly, signals_put_back
from harness.cluster.nodes import Nodes
from harness.cluster.trainable import Trial
from harness.cluster.tune_adapters import (
    PolicyScheduler,
    PolicySearcher,
    Shared,
    Shield,
)
from harness.cluster.tune_loop import own_loop
from harness.definition.job import Plan
from harness.driver.deciding.policy import Policy
from harness.worker.runner import Runner


def run_policy(
    policy: Policy,
    plan: Plan,
    runner: type[Runner],
    name: str,
    *,
    slots: int,
    retries: int,
    resources: Mapping[str, float] | None = None,
    shield: Shield = contextlib.nullcontext,
    ready: Callable[[], None] = lambda: None,
    look: Callable[[], None] = lambda: None,
    nodes: Nodes | None = None,
) -> None:
    """Run a policy's trials on the cluster that is connected.

    Tune's own files go to a folder that is removed; nothing is read from it.
    What a trial occupies is one core, and one GPU where it trains on one, unless
    `resources` says otherwise; `shield`, `ready`, `look` and `nodes` are as in `run_tune`.
    """
    alone = {"cpu": 1, "gpu": 1} if plan.device == "cuda" else {"cpu": 1}
    scratch = tempfile.mkdtemp(prefix="crossnets-tune-")
    try:
        run_tune(
            tune.with_parameters(Trial, runner=runner, plan=plan),
            policy,
            slots=slots,
            resources=resources or alone,
            storage_path=scratch,
            name=name,
            max_failures=retries,
            checkpoint_every=0,
            notes=plan.checkpoints,
            shield=shield,
            ready=ready,
            look=look,
            nodes=nodes,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def run_tune(
    trainable: type[tune.Trainable],
    policy: Policy,
    *,
    slots: int,
    resources: Mapping[str, float],
    storage_path: str | Path,
    name: str,
    max_failures: int,
    checkpoint_every: int = 0,
    notes: str | Path | None = None,
    shield: Shield = contextlib.nullcontext,
    ready: Callable[[], None] = lambda: None,
    look: Callable[[], None] = lambda: None,
    nodes: Nodes | None = None,
) -> tuple[str, ...]:
    """Runs trials until the policy has no more; Ray must be connected.

    The trainable gets `trial` and `config` of a `Proposal` as its configuration. It
    must not set `done` (the policy says when a trial is complete), its `reset_config` must return True and do nothing that can fail: Tune retries
    failures of `setup`, `step` and `load_checkpoint`, but not of `reset_config`.

    Args:
        trainable: What runs a trial; constants go in with
            `tune.with_parameters`.
        policy: What decides.
        slots: Most trials at once.
        resources: What one trial occupies, such as `{"cpu": 1}`.
        storage_path: Folder for Tune's own state and checkpoints.
        name: Folder below it, one level.
        max_failures: How often a trial that fails starts again.
        checkpoint_every: Results between checkpoints of Tune; 0 is never, for
            a trainable that finds its own.
        notes: Folder of the trials' folders, in which the watchdog leaves notes.
        shield: In which no call of the policy is cut off by a signal.
        ready: Returns when a new trial may be started.
        look: Called at every turn of the loop, for wishes from outside.
        nodes: Those that take part; None asks for none.

    Returns:
        Names of the trials without an end: none, unless a KeyboardInterrupt or
        SIGUSR1 ended the search. Their workers end with the connection to Ray.

    Raises:
        ValueError: If `slots` is below 1 or `name` is a path.
        Exception: Whatever the policy raised; nothing else is run then.
    """
    if not slots >= 1:
        raise ValueError(f"`slots` must be 1 or more, got {slots}.")
    if Path(name).name != name:
        raise ValueError(f"`name` must be one folder's name, got {name!r}.")
    shared = Shared(policy, notes, shield, ready, look, nodes, resources)
    with quietly():
        tune_config = tune.TuneConfig(
            search_alg=PolicySearcher(shared),
            scheduler=PolicyScheduler(shared),
            num_samples=-1,
            max_concurrent_trials=slots,
            reuse_actors=True,
            trial_name_creator=_name,
            trial_dirname_creator=_name,
        )
        run_config = tune.RunConfig(
            name=name,
            storage_path=str(storage_path),
            failure_config=tune.FailureConfig(max_failures=max_failures),
            checkpoint_config=tune.CheckpointConfig(
                checkpoint_frequency=checkpoint_every, checkpoint_at_end=False
            ),
            verbose=0,
        )
        _fit(
            tune.with_resources(trainable, dict(resources)),
            shared,
            tune_config,
            run_config,
        )
    return tuple(shared.open)


def _fit(
    trainable: Any,
    shared: Shared,
    tune_config: tune.TuneConfig,
    run_config: tune.RunConfig,
) -> None:
    """Runs Tune's loop to its end, or to an interruption.

    Raises:
        Exception: Whatever the policy raised.
    """
    tuner = tune.Tuner(trainable, tune_config=tune_config, run_config=run_config)
    try:
        with signals_put_back(), own_loop():
            tuner.fit()
    except KeyboardInterrupt:  # Tune's own way waits for the epochs under way
        shared.raise_kept()
    except TuneError:  # carries the policy's exception as text only
        shared.raise_kept()
        raise
    shared.raise_kept()


def _name(trial: Any) -> str:
    return trial.config["trial"]
