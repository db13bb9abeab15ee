"""A search under way: its policy, its watchers and its forecast, handed to Ray Tune."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from harness import ladders, policies, pre_trainings
from harness.cluster import banks
from harness.cluster.banks import Seats
from harness.cluster.nodes import Nodes
from harness.cluster.tune_run import run_policy
from harness.definition.job import STAGES, Plan
from harness.definition.report import Report
from harness.diagnosis import logs
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.display.live import Live
from harness.driver.display.screen import Screen
from harness.driver.display.tensorboard import Board
from harness.driver.inbox import Inbox
from harness.driver.recording.patient_writer import PatientWriter, wait
from harness.driver.recording.retention import TRASH, Retention
from harness.driver.recording.tracked import Tracked, Watcher
from harness.driver.signals import caught
from harness.plan import disk_forecast
from harness.prepare import Prepared
from harness.worker import admission
from harness.worker.runner import Runner
from results import Store, Writer


def drive(
    prepared: Prepared,
    store: Store,
    writer: Writer,
    slots: int,
    device: str,
    runner: type[Runner],
    screen: Screen,
) -> SearchPolicy:
    """Find the places that trials have, and run them on the cluster that is connected.

    Args:
        prepared: The search, checked.
        store: The store, which holds its header.
        writer: The one writer of the search.
        slots: Trials at once.
        device: `cpu` or `cuda`.
        runner: What trains a job.
        screen: Where the search is shown.

    Returns:
        The policy when every trial has ended, or after an interruption.

    Raises:
        ValueError: If the store is no folder.
        StorageError: If it cannot be read or written.
    """
    root = store.storage.root
    if root is None:
        raise ValueError(
            f"`store` must be a folder that all workers see, got {store.storage.location}."
        )
    plan, nodes = _plan(prepared, root, device), Nodes()
    screen.wait("asking the nodes and starting workers")
    with logs.kept(root / logs.LOGS / prepared.name / logs.DRIVER):
        nodes.survey(plan)
        with banks.seats(
            plan,
            prepared.base,
            prepared.options,
            runner,
            devices=slots,
            where=nodes.selector(),
        ) as seats:
            return _driven(prepared, store, writer, root, plan, seats, nodes, screen)


def _driven(
    prepared: Prepared,
    store: Store,
    writer: Writer,
    root: Path,
    plan: Plan,
    seats: Seats,
    nodes: Nodes,
    screen: Screen,
) -> SearchPolicy:
    """Hand the policy to Ray Tune, and wait."""
    options, name = prepared.options, prepared.name
    live = Live(
        name,
        lambda: policy.trials,
        wanted=lambda: policy.total,
        ratios=prepared.ratios,
        budget=_trainings(prepared, lambda: policy) if options.waits else None,
        limit=options.budget or "",
        screen=screen,
    )
    board = Board(root / "tensorboard" / name, live.say)
    retention = Retention(
        Path(plan.checkpoints),
        root / TRASH,
        lambda: policy.trials,
        keep=options.keep,
        may_go_on=lambda trial: policy.decider.may_go_on(trial),
    )
    watchers: tuple[Watcher, ...] = (board, live, retention)

    def watch(trial: Tracked, report: Report | None) -> None:
        for watcher in watchers:
            watcher(trial, report)

    with contextlib.closing(board), caught() as signals:
        inbox = Inbox(
            store, writer, policy=lambda: policy, signals=signals, say=live.say
        )
        rows = PatientWriter(writer, live.say, inbox.sleep)
        policy = policies.restored(prepared, store, rows, watch)
        for warning in (*prepared.counted, *writer.warnings):
            live.say(warning)
        live.say(f"{name}: needs {_forecast(prepared, plan, policy, seats.slots)}")
        nodes.say = live.say
        for line in nodes.told:
            live.say(line)
        if seats.sentence:
            live.say(f"{name}: {seats.sentence}")
        with live, contextlib.closing(inbox):
            run_policy(
                policy,
                plan,
                seats.runner,
                name,
                slots=seats.slots,
                retries=options.retries,
                resources=seats.resources,
                shield=signals.shield,
                ready=lambda: wait(lambda: writer.trouble, live.say, inbox.sleep),
                look=inbox.look,
                nodes=nodes,
            )
    if policy.finished:
        writer.compact()
    else:
        writer.flush()
    return policy


def _plan(prepared: Prepared, root: Path, device: str) -> Plan:
    """What all trials of a search have in common."""
    rungs = prepared.options.rungs()
    return Plan(
        data=prepared.choice,
        checkpoints=str(root / "checkpoints" / prepared.name),
        picture_steps=(*rungs.steps(), rungs.max_step),
        waits=prepared.options.waits,
        device=device,
        init=None if prepared.init is None else prepared.init["name"],
        hang_after_s=prepared.options.hang_after,
        search=prepared.name,
        stages=str(root / STAGES) if prepared.options.share_stages else None,
        expected=admission.expected(
            prepared.data.fingerprint, root / "checkpoints" / prepared.name
        ),
        logs=str(root / logs.LOGS / prepared.name),
    )


def _trainings(
    prepared: Prepared, policy: Callable[[], SearchPolicy]
) -> Callable[[], float]:
    """Gives the full trainings that a search may cost."""
    return lambda: policy().decider.budget_epochs / prepared.base.joint.epochs


def _forecast(prepared: Prepared, plan: Plan, policy: SearchPolicy, slots: int) -> str:
    """What the rest of a search will need on disk, in words."""
    trials = policy.trials.values()
    ended = sum(not trial.open and trial.state != "paused" for trial in trials)
    counts = ladders.shares(policy.total, prepared.ratios)
    need = disk_forecast(
        prepared,
        trials=policy.total - ended,
        slots=slots,
        strips=len(plan.picture_steps),
        products=pre_trainings.count(prepared, counts) if plan.stages else {},
    )
    return need.sentence(Path(plan.checkpoints))
