"""The finals: the best trials and what they must beat, over several seeds, then tested.

A search's own score is the best of many and therefore optimistic. Here the top trials
of every labelled ratio are trained with fresh seeds, the same for all, beside the
setting that the search began with and the supervised baseline. Validation decides who
is dropped on the way. The test split is read when the last run has ended: once a search
and ratio, unless another look is asked for.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from cnets.data import counts
from harness import entrants, finals_runs
from harness.cluster import banks, connection
from harness.cluster.connection import connected, trials_at_once
from harness.cluster.nodes import Nodes
from harness.definition import data_choice
from harness.definition.entrant import Entrant
from harness.definition.job import STAGES, Plan
from harness.definition.options import AnyDevice, SearchOptions, check_choice
from harness.diagnosis import logs
from harness.driver import begun
from harness.driver.display import last_driver
from harness.driver.display.screen import Screen, clock
from harness.worker import admission, initial_model
from harness.worker.process_bank import same_data
from harness.worker.runner import Runner
from harness.worker.train_runner import TrainRunner
from results import Header, Store, queries
from results.finals import runs, table
from results.statistics import means
from results.verdicts import finals as verdicts


@dataclass(frozen=True, kw_only=True)
class Finals:
    """How a rerun ended."""

    table: pa.Table
    """A row an entrant at each labelled ratio, see `results.finals.table`."""
    verdict: list[str]
    """What they show, a sentence each."""
    finished: bool
    """Whether every run has ended and was tested; False after an interruption."""
    crashed: int
    """Runs that used up their retries."""
    untested: int
    """Runs that used up their retries in the test, which is not stored then."""


def rerun(
    name: str,
    *,
    top: int = 1,
    seeds: int = 5,
    again: bool = False,
    store: str | Path = "runs",
    address: str | None = None,
    concurrency: int | None = None,
    lanes: int | str | None = None,
    retries: int = 2,
    device: AnyDevice = "auto",
    takeover: bool = False,
    accept_code: bool = False,
    runner: type[Runner] = TrainRunner,
    screen: Screen | None = None,
) -> Finals:
    """Train the best trials of each ratio again, beside the start, and test them.

    Runs that the store has already are not repeated.

    Args:
        name: Name of the search.
        top: Trials of each labelled ratio.
        seeds: Fresh seeds of each entrant; the same for all.
        again: Whether the test split may be read where it was read before.
        store: Folder of the store.
        address: Ray cluster; see `harness.search`.
        concurrency: Most runs at once; default: one a core, or as many as its GPUs
            have lanes.
        lanes: Runs that one bank trains side by side, or auto, as in a search.
        retries: How often a run that crashes goes on.
        device: `cpu`, `cuda` or `auto`.
        takeover: Whether to go on though another process drives the search.
        accept_code: Whether to go on though other code has run finals of it.
        runner: What trains a job.
        screen: Where the finals are shown, if something is drawn there already.

    Raises:
        ValueError: If an argument is wrong, the search has no trial to rerun, or the
            test split would be read again without `again`.
        StorageError: If the store cannot be read or written.
    """
    check_choice("device", device, AnyDevice)
    for argument, value in {"top": top, "seeds": seeds}.items():
        if not value >= 1:
            raise ValueError(f"`{argument}` must be 1 or more, got {value}.")
    settings = SearchOptions(lanes=lanes, concurrency=concurrency)  # checks them
    opened = Store.open(store)
    header = opened.header(name)
    field = entrants.of(opened, header, top)
    drawn = range(header.seed + 1, header.seed + 1 + seeds)
    due = _due(finals_runs.rows(opened, name), field, drawn, again=again)
    if not due:
        return _answer(opened, header, finished=True)
    if not accept_code:
        begun.check_code(opened, header, "finals")
    if not takeover:
        last_driver.announce(opened, name)
    data = same_data(data_choice.of_header(opened, header), header.data_fingerprint)
    counted = counts.check(data, ratios=header.ratios, test=True)
    labels = {ratio: len(data.labelled(ratio, drawn[0])) for ratio in header.ratios}
    initial_model.same(header)
    with contextlib.ExitStack() as stack:
        screen = screen or stack.enter_context(Screen(f"{name}, finals"))
        writer = stack.enter_context(opened.writer(name, takeover=takeover))
        # Anew: a driver that was killed may have left rows, which are stored by now.
        field = entrants.of(opened, header, top)
        due = _due(finals_runs.rows(opened, name), field, drawn, again=again)
        screen.wait(connection.awaited(address))
        cpus, gpus = stack.enter_context(connected(address, concurrency))
        chosen = begun.device(opened, name, device, has_gpu=gpus > 0)
        slots = concurrency or trials_at_once(chosen, cpus=cpus, gpus=gpus)
        plan, nodes = _plan(opened, header, chosen), Nodes()
        nodes.told += [*counted, _cost(opened, header, field, drawn, slots)]
        screen.wait("asking the nodes and starting workers")
        with logs.kept(Path(plan.logs or "") / logs.DRIVER):
            nodes.survey(plan)
            base = field[0].config
            with banks.seats(
                plan, base, settings, runner, devices=slots, where=nodes.selector()
            ) as seats:
                scene = finals_runs.Scene(
                    store=opened,
                    header=header,
                    writer=writer,
                    plan=plan,
                    seats=seats,
                    retries=retries,
                    nodes=nodes,
                    screen=screen,
                )
                frames = len(data.rows("validation"))
                finished = finals_runs.train(scene, field, drawn, frames, labels)
                untested = 0
                if finished:
                    finished, untested = finals_runs.look(scene, due)
    return _answer(opened, header, finished=finished, untested=untested)


def _answer(
    store: Store, header: Header, *, finished: bool, untested: int = 0
) -> Finals:
    """What the store has of the finals."""
    rows = finals_runs.rows(store, header.name)
    is_paper = entrants.start_is_paper(header)
    start = "the paper's setting" if is_paper else "the setting of the start"
    crashed = sum(row["state"] == "crashed" for row in runs.known(rows))
    return Finals(
        table=table.summary(store, header.name),
        verdict=verdicts.sentences(runs.of(rows), start=start),
        finished=finished,
        crashed=crashed,
        untested=untested,
    )


def _due(
    rows: Sequence[Mapping[str, Any]],
    field: Iterable[Entrant],
    seeds: Iterable[int],
    *,
    again: bool,
) -> set[float]:
    """The labelled ratios whose test split is to be read.

    Raises:
        ValueError: If it was read at one of them, runs would be added, and `again` is
            not set.
    """
    there = {(r["labelled_ratio"], r["entrant"], r["final_seed"]) for r in rows}
    ratios = {entrant.ratio for entrant in field}
    drawn = list(seeds)
    more = {
        entrant.ratio
        for entrant in field
        for seed in drawn
        if (entrant.ratio, entrant.name, seed) not in there
    }
    read = {ratio for ratio, look in runs.looks(rows).items() if look}
    if (both := sorted(more & read)) and not again:
        shown = ", ".join(f"{ratio:g}" for ratio in both)
        raise ValueError(
            f"`again` must be set to add runs at {shown}, where the test split was read "
            "already: who adds runs after the figures chooses by them."
        )
    hopeful = {
        row["labelled_ratio"]
        for row in rows
        if row["state"] not in ("diverged", "dropped")
    }
    return ratios if again else (more | hopeful) & ratios - read


def _cost(
    store: Store,
    header: Header,
    field: Sequence[Entrant],
    drawn: Sequence[int],
    slots: int,
) -> str:
    """How many runs there will be and about how long they take, in words."""
    rows, seeds = finals_runs.rows(store, header.name), len(drawn)
    wanted = {(e.ratio, e.name, seed) for e in field for seed in drawn}
    stored = wanted & {
        (r["labelled_ratio"], r["entrant"], r["final_seed"]) for r in rows
    }
    trials = queries.read(store, "trials", header.name).to_pylist()
    took_s = [
        row["wall_time_s"]
        for row in trials
        if row["state"] == "completed" and row["wall_time_s"]
    ]
    line = f"{header.name}: {len(field)} entrants x {seeds} seeds = {len(wanted)} runs"
    if stored:
        line += f", {len(stored)} of them stored"
    if took_s:
        left_s = sum(took_s) / len(took_s) * len(wanted - stored) / slots
        line += f", about {clock(left_s)} on {slots} at once"
    if seeds < 5:
        line += f"; {_few(seeds)}"
    return f"{line}."


def _few(seeds: int) -> str:
    """What fewer seeds than five can show."""
    if seeds == 1:
        return "one seed gives no interval and no test (--seeds 5 is the default)"
    reach = means.student_t(0.95, seeds - 1) / seeds**0.5
    return (
        f"the interval of {seeds} seeds reaches {reach:.1f} standard deviations to "
        "either side, that of 5 seeds 1.2"
    )


def _plan(store: Store, header: Header, device: str) -> Plan:
    root = store.storage.root
    assert root is not None  # a search runs on local stores only
    return Plan(
        data=data_choice.of_header(store, header),
        checkpoints=str(root / "checkpoints" / header.name),
        device=device,
        init=initial_model.of_header(header),
        search=header.name,
        stages=str(root / STAGES),
        expected=admission.expected(
            header.data_fingerprint, root / "checkpoints" / header.name
        ),
        logs=str(root / logs.LOGS / header.name),
    )
