"""A search from its options to its last trial: start, resume and extend are one.

`search` checks everything it can before the store is touched, prepares the
data once, and hands a policy to Ray Tune. What it finds in the store under the
same name it goes on with, if nothing that decides a result differs.
"""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from cnets.data.crops.cache import Progress
from harness.cluster import banks
from harness.cluster.banks import Seats
from harness.cluster.connection import connected, trials_at_once
from harness.cluster.nodes import Nodes
from harness.cluster.tune_run import run_policy
from harness.definition import spaces
from harness.definition.identity import code_identity, provenance
from harness.definition.identity.search_identity import difference
from harness.definition.job import STAGES, Plan
from harness.definition.options import AnyDevice, SearchOptions, check_choice
from harness.definition.report import Report
from harness.diagnosis import logs
from harness.driver import begun
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.display import last_driver
from harness.driver.display.live import Live
from harness.driver.display.tensorboard import Board
from harness.driver.inbox import Inbox
from harness.driver.recording.patient_writer import PatientWriter, wait
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.retention import TRASH, Retention
from harness.driver.recording.tracked import Tracked, Watcher
from harness.driver.signals import caught
from harness.plan import disk_forecast, pre_trainings
from harness.prepare import Prepared, header_of, prepare
from harness.worker import admission
from harness.worker.runner import Runner
from harness.worker.train_runner import TrainRunner
from results import Store, Writer, queries
from search_spaces import configurations


@dataclass(frozen=True, kw_only=True)
class Search:
    """How a search stands when `search` returns."""

    name: str
    store: Store
    finished: bool
    """Whether every trial has ended; False after an interruption."""
    states: dict[str, int]
    """Trials by state."""
    exhausted: int | None = None
    """Configurations of the space at each ratio, if all of them were tried and more
    trials were wanted."""

    @property
    def is_fruitless(self) -> bool:
        """Whether every trial has ended and none with a finite error."""
        ends = {"completed", "stopped", "cancelled"}
        return self.finished and not ends & self.states.keys()

    @property
    def too_many_crashed(self) -> bool:
        """Whether more than a fifth of the trials crashed."""
        return self.states.get("crashed", 0) > 0.2 * sum(self.states.values())


def search(
    name: str,
    options: SearchOptions | None = None,
    *,
    store: str | Path = "runs",
    cache: str | Path | None = None,
    address: str | None = None,
    device: AnyDevice = "auto",
    takeover: bool = False,
    accept_code: bool = False,
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
        accept_code: Whether to go on though other code has run trials of it.
        runner: What trains a job.
        progress: Told how far the preparation of the data is.

    Returns:
        How it stands; `finished` is False after Ctrl-C.

    Raises:
        ValueError: If an option is wrong, or the store has a search of that
            name with another space, data, seed or base.
        StorageError: If the store cannot be read or written.
    """
    check_choice("device", device, AnyDevice)
    options = options or SearchOptions()
    cache = Path(cache or Path(store) / "cache")
    if (Path(store) / "store.json").exists():
        # One that cannot be used is refused before data are made.
        options = _as_begun(Store.open(store), name, options)
    prepared = prepare(name, options, cache, progress)
    opened = Store.open(store, create=True)
    there = name in opened.searches()
    if there:
        _compare(opened, prepared)
        prepared = _as_counted(opened, prepared)
        if already := _ended(opened, prepared):
            return already
        if not accept_code:
            begun.check_code(opened, opened.header(name), "trials")
    with contextlib.ExitStack() as stack:

        def writer() -> Writer:
            if not takeover:
                last_driver.announce(opened, name)
            return stack.enter_context(opened.writer(name, takeover=takeover))

        mine = writer() if there else None  # first: a second driver is refused at once
        if there:
            begun.keep_trials(opened, opened.header(name), options.trials)
        cpus, gpus = stack.enter_context(connected(address, options.concurrency))
        if mine is None:
            opened.create_search(header_of(prepared))
            mine = writer()
        chosen = begun.device(opened, name, device, has_gpu=gpus > 0)
        slots = options.concurrency or trials_at_once(chosen, cpus=cpus, gpus=gpus)
        return _run(prepared, opened, mine, slots, chosen, runner)


def _as_begun(store: Store, name: str, options: SearchOptions) -> SearchOptions:
    """The options, with the lanes of the search that is there unless others are asked."""
    if options.lanes is not None or name not in store.searches():
        return options
    return replace(options, lanes=store.header(name).rules.get("lanes"))


def _compare(store: Store, prepared: Prepared) -> None:
    """See that the search that is there is the same."""
    found = difference(store.header(prepared.name), header_of(prepared))
    if found is not None:
        raise ValueError(
            f"`name` must be new or the same search: `{prepared.name}` exists with "
            f"{found}."
        )


def _as_counted(store: Store, prepared: Prepared) -> Prepared:
    """The search with the number of trials that holds, see `begun.trials`."""
    options = prepared.options
    trials = begun.trials(store, store.header(prepared.name), options.trials)
    return replace(prepared, options=replace(options, trials=trials))


def _ended(store: Store, prepared: Prepared) -> Search | None:
    """The search, if it has nothing left to run."""
    rows = queries.wide(store, prepared.name).to_pylist()
    tried = ((row["labelled_ratio"], row) for row in rows)
    left = spaces.untried(prepared.space, prepared.ratios, tried)
    lacks = len(rows) < prepared.options.trials
    if (lacks and left != 0) or {"pending", "running"} & {row["state"] for row in rows}:
        return None
    return _search_of(store, prepared, finished=True, is_exhausted=lacks)


def _run(
    prepared: Prepared,
    store: Store,
    writer: Writer,
    slots: int,
    device: str,
    runner: type[Runner],
) -> Search:
    """Find the places that trials have, and run them."""
    root = store.storage.root
    if root is None:
        raise ValueError(
            f"`store` must be a folder that all workers see, got {store.storage.location}."
        )
    plan, nodes = _plan(prepared, root, device), Nodes()
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
            return _driven(prepared, store, writer, root, plan, seats, nodes)


def _driven(
    prepared: Prepared,
    store: Store,
    writer: Writer,
    root: Path,
    plan: Plan,
    seats: Seats,
    nodes: Nodes,
) -> Search:
    """Hand the policy to Ray Tune, and wait."""
    options, name = prepared.options, prepared.name
    live = Live(
        name,
        lambda: policy.trials,
        wanted=lambda: policy.total,
        ratios=prepared.ratios,
    )
    board = Board(root / "tensorboard" / name, live.say)
    retention = Retention(
        Path(plan.checkpoints),
        root / TRASH,
        lambda: policy.trials,
        keep=options.keep,
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
        policy = _policy(prepared, store, rows, watch)
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
    return _search_of(
        store, prepared, finished=policy.finished, is_exhausted=policy.is_exhausted
    )


def _policy(
    prepared: Prepared, store: Store, rows: PatientWriter, watch: Watcher
) -> SearchPolicy:
    """The policy of a search as far as the store knows it."""
    options, name = prepared.options, prepared.name
    policy = SearchPolicy(
        space=prepared.space,
        ratios=prepared.ratios,
        seed=options.seed,
        trials=options.trials,
        base=prepared.base,
        rungs=options.rungs(),
        objective=options.objective,
        recorder=Recorder(
            rows,
            prepared.space.name,
            provenance.code_version(),
            code_sha256=code_identity.identity(),
            data_sha256=prepared.data.fingerprint,
        ),
        watch=watch,
    )
    policy.restore(
        queries.wide(store, name).to_pylist(),
        store.rows("reports", name).to_pylist(),
    )
    return policy


def _plan(prepared: Prepared, root: Path, device: str) -> Plan:
    """What all trials of a search have in common."""
    rungs = prepared.options.rungs()
    return Plan(
        data=prepared.choice,
        checkpoints=str(root / "checkpoints" / prepared.name),
        picture_steps=(*rungs.steps(), rungs.max_step),
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


def _forecast(prepared: Prepared, plan: Plan, policy: SearchPolicy, slots: int) -> str:
    """What the rest of a search will need on disk, in words."""
    ended = sum(not trial.open for trial in policy.trials.values())
    need = disk_forecast(
        prepared,
        trials=policy.total - ended,
        slots=slots,
        strips=len(plan.picture_steps),
        products=pre_trainings(prepared) if plan.stages else {},
    )
    return need.sentence(Path(plan.checkpoints))


def _search_of(
    store: Store, prepared: Prepared, *, finished: bool, is_exhausted: bool
) -> Search:
    size = configurations.count(spaces.searched(prepared.space))
    return Search(
        name=prepared.name,
        store=store,
        finished=finished,
        states=queries.progress(store, prepared.name).states,
        exhausted=size if finished and is_exhausted else None,
    )
