"""The finals: the best trials again, at full length, over several seeds.

A search's own score is the best of many and therefore optimistic. Here the top
trials of every labelled ratio are trained with fresh seeds, the same seeds for
all of them, and judged once on the test split, which the search never saw.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from cnets.data import counts
from harness.cluster.connection import connected, trials_at_once
from harness.cluster.nodes import Nodes
from harness.cluster.tune_run import run_policy
from harness.definition import data_choice
from harness.definition.identity import code_identity, provenance
from harness.definition.job import STAGES, Plan
from harness.definition.options import AnyDevice, check_choice
from harness.diagnosis import logs
from harness.driver import begun
from harness.driver.deciding.finals_policy import Entry, FinalsPolicy
from harness.driver.display import last_driver
from harness.driver.display.live import Live
from harness.driver.inbox import Inbox
from harness.driver.recording.patient_writer import PatientWriter, wait
from harness.driver.recording.recorder import Recorder
from harness.driver.signals import caught
from harness.worker import admission, initial_model
from harness.worker.process_bank import same_data
from harness.worker.runner import Runner
from harness.worker.train_runner import TrainRunner
from results import Header, Store, Writer, finals_table, queries


@dataclass(frozen=True, kw_only=True)
class Finals:
    """How a rerun ended."""

    table: pa.Table
    """One row a trial: its error on the test split over the seeds."""
    finished: bool
    """Whether every run has its figures; False after an interruption."""
    crashed: int
    """Runs that used up their retries."""


def rerun(
    name: str,
    *,
    top: int = 1,
    seeds: int = 3,
    store: str | Path = "runs",
    address: str | None = None,
    concurrency: int | None = None,
    retries: int = 2,
    device: AnyDevice = "auto",
    takeover: bool = False,
    accept_code: bool = False,
    runner: type[Runner] = TrainRunner,
) -> Finals:
    """Train the best trials of each ratio again and judge them on the test split.

    Runs whose figures the store has already are not repeated.

    Args:
        name: Name of the search.
        top: Trials of each labelled ratio.
        seeds: Fresh seeds of each; the same for all.
        store: Folder of the store.
        address: Ray cluster; see `harness.search`.
        concurrency: Most runs at once; default: one a core, or one a GPU.
        retries: How often a run that crashes goes on.
        device: `cpu`, `cuda` or `auto`.
        takeover: Whether to go on though another process drives the search.
        accept_code: Whether to go on though other code has run finals of it.
        runner: What trains a job.

    Raises:
        ValueError: If an argument is wrong or the search has no trial to rerun.
        StorageError: If the store cannot be read or written.
    """
    check_choice("device", device, AnyDevice)
    for argument, value in {"top": top, "seeds": seeds}.items():
        if not value >= 1:
            raise ValueError(f"`{argument}` must be 1 or more, got {value}.")
    opened = Store.open(store)
    header = opened.header(name)
    entries = _entries(opened, header, top, seeds)
    done = queries.read(opened, "finals", name).to_pylist()
    known = {(row["trial"], row["final_seed"]) for row in done}
    todo = [e for e in entries if (e.row["trial"], e.seed) not in known]
    ends: list[str] = []
    if todo:
        if not accept_code:
            begun.check_code(opened, header, "finals")
        if not takeover:
            last_driver.announce(opened, name)
        choice = data_choice.of_header(opened, header)
        data = same_data(choice, header.data_fingerprint)
        counted = counts.check(data, ratios=header.ratios, test=True)
        initial_model.same(header)
        with (
            opened.writer(name, takeover=takeover) as writer,
            connected(address, concurrency) as (cpus, gpus),
        ):
            chosen = begun.device(opened, name, device, has_gpu=gpus > 0)
            slots = concurrency or trials_at_once(chosen, cpus=cpus, gpus=gpus)
            plan = _plan(opened, header, chosen)
            nodes = Nodes()
            nodes.told.extend(counted)
            with logs.kept(Path(plan.logs or "") / logs.DRIVER):
                nodes.survey(plan)
                ends = _run(
                    todo, opened, writer, plan, runner, header, slots, retries, nodes
                )
    crashed = ends.count("crashed")
    finished = ends.count("completed") + crashed == len(todo)
    table = finals_table.summary(opened, name, {e.row["trial"] for e in entries})
    return Finals(table=table, finished=finished, crashed=crashed)


def _run(
    todo: Sequence[Entry],
    store: Store,
    writer: Writer,
    plan: Plan,
    runner: type[Runner],
    header: Header,
    slots: int,
    retries: int,
    nodes: Nodes,
) -> list[str]:
    """Run the finals and show them; returns how each run ended."""
    name = header.name
    live = Live(
        f"{name}, finals",
        lambda: policy.runs,
        wanted=lambda: len(todo),
        ratios=header.ratios,
    )
    with caught() as signals:
        inbox = Inbox(
            store, writer, policy=lambda: policy, signals=signals, say=live.say
        )
        rows = PatientWriter(writer, live.say, inbox.sleep)
        recorder = Recorder(
            rows,
            header.space["name"],
            provenance.code_version(),
            code_sha256=code_identity.identity(),
            data_sha256=header.data_fingerprint,
        )
        policy = FinalsPolicy(todo, header.rules["objective"], recorder, live)
        nodes.say = live.say
        for line in nodes.told:
            live.say(line)
        with live, contextlib.closing(inbox):
            run_policy(
                policy,
                plan,
                runner,
                name,
                slots=slots,
                retries=retries,
                shield=signals.shield,
                ready=lambda: wait(lambda: writer.trouble, live.say, inbox.sleep),
                look=inbox.look,
                nodes=nodes,
            )
    return [run.state for run in policy.runs.values()]


def _entries(store: Store, header: Header, top: int, seeds: int) -> list[Entry]:
    """Every run of the finals, seed by seed, so that an early end is balanced."""
    trials = queries.read(store, "trials", header.name)
    best = queries.best(trials, top=top).to_pylist()
    if not best:
        raise ValueError(
            f"`name` must be a search with a finite result, got `{header.name}`, "
            "which has none yet."
        )
    fresh = range(header.seed + 1, header.seed + 1 + seeds)
    return [Entry(row, seed) for seed in fresh for row in best]


def _plan(store: Store, header: Header, device: str) -> Plan:
    root = store.storage.root
    assert root is not None  # a search runs on local stores only
    return Plan(
        data=data_choice.of_header(store, header),
        checkpoints=str(root / "checkpoints" / header.name),
        test=True,
        device=device,
        init=initial_model.of_header(header),
        search=header.name,
        stages=str(root / STAGES),
        expected=admission.expected(
            header.data_fingerprint, root / "checkpoints" / header.name
        ),
        logs=str(root / logs.LOGS / header.name),
    )
