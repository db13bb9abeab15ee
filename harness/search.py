"""A search from its options to its last trial: start, resume and extend are one.

`search` checks everything it can before the store is touched, prepares the
data once, and hands a policy to Ray Tune. What it finds in the store under the
same name it goes on with, if nothing that decides a result differs.
"""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from cnets.data.crops.cache import Progress
from harness import driving, policies
from harness.cluster import connection
from harness.cluster.connection import connected, trials_at_once
from harness.definition import spaces
from harness.definition.identity.search_identity import difference
from harness.definition.options import AnyDevice, SearchOptions, check_choice
from harness.driver import begun
from harness.driver.display import last_driver
from harness.driver.display.screen import Screen
from harness.prepare import Prepared, header_of, prepare
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
    screen: Screen | None = None,
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
        screen: Where the search is shown, if something is drawn there already.

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
        screen = screen or stack.enter_context(Screen(name))

        def writer() -> Writer:
            if not takeover:
                last_driver.announce(opened, name)
            return stack.enter_context(opened.writer(name, takeover=takeover))

        mine = writer() if there else None  # first: a second driver is refused at once
        if there:
            begun.keep_trials(opened, opened.header(name), options.trials)
        screen.wait(connection.awaited(address))
        cpus, gpus = stack.enter_context(connected(address, options.concurrency))
        if mine is None:
            opened.create_search(header_of(prepared))
            mine = writer()
        chosen = begun.device(opened, name, device, has_gpu=gpus > 0)
        slots = options.concurrency or trials_at_once(chosen, cpus=cpus, gpus=gpus)
        policy = driving.drive(prepared, opened, mine, slots, chosen, runner, screen)
        return _search_of(
            opened,
            prepared,
            finished=policy.finished,
            is_exhausted=policy.is_exhausted,
        )


def _as_begun(store: Store, name: str, options: SearchOptions) -> SearchOptions:
    """The options, with what they leave open as the search that is there has it."""
    if name not in store.searches():
        return options
    header = store.header(name)
    rules = header.rules
    if options.lanes is None:
        options = replace(options, lanes=rules.get("lanes"))
    if options.scheduler == "auto":
        options = replace(options, scheduler=rules.get("scheduler", "stop"))
    if options.sampler == "auto" and options.waits:
        options = replace(options, sampler=rules.get("sampler", "auto"))
    return replace(options, budget=options.budget or header.budget)


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
    """The search, if it has nothing left to run.

    What a driver that was killed has left in its journal is not read here: where the
    tables do not fit each other, there is more to come.
    """
    reports = store.rows("reports", prepared.name).select(["trial", "epoch"])
    reached: dict[str, int] = {}
    for row in reports.to_pylist():
        reached[row["trial"]] = max(reached.get(row["trial"], 0), row["epoch"])
    trials = queries.read(store, "trials", prepared.name).to_pylist()
    if any((row["epoch"] or 0) > reached.get(row["trial"], 0) for row in trials):
        return None
    policy = policies.restored(prepared, store)
    if not policy.finished:
        return None
    return _search_of(store, prepared, finished=True, is_exhausted=policy.is_exhausted)


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
