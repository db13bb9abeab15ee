"""What each verb does. Ray and torch are imported by the verbs that need them."""

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.commands import verbs
from harness.commands.cli import DONE, FAILED
from harness.commands.printing import tables
from harness.definition import stage_notes
from harness.definition.options import SearchOptions
from harness.definition.terminal import printable
from results import Store, queries


LEADERBOARD = (
    "labelled_ratio",
    "rank",
    "trial",
    "state",
    "step",
    "objective_mm",
    "mean_pose_mm",
)
"""Columns of a leaderboard, before the parameters."""


def search(verb: verbs.Search) -> int:
    """Run a search, then print its leaderboard."""
    from harness.search import search

    names = {field.name for field in dataclasses.fields(SearchOptions)}
    options = SearchOptions(**{n: v for n, v in vars(verb).items() if n in names})
    with preparation() as progress:
        done = search(
            verb.name,
            options,
            store=verb.store,
            address=verb.address,
            device=verb.device,
            takeover=verb.takeover,
            progress=progress,
        )
    print_best(done.store, done.name)
    if not done.finished:
        raise KeyboardInterrupt
    return FAILED if done.too_many_crashed else DONE


def plan(verb: verbs.Plan) -> int:
    """Print what a search would cost."""
    from harness.commands.plan_command import plan

    return plan(verb)


def best(verb: verbs.Best) -> int:
    """Print the best trials."""
    per = None if verb.per.lower() == "none" else verb.per
    print_best(Store.open(verb.store), verb.name, per, verb.top, verb.format)
    return DONE


def query(verb: verbs.Query) -> int:
    """Print the answer to a question in SQL."""
    _print(tables.show(queries.query(Store.open(verb.store), verb.sql), verb.format))
    return DONE


def status(verb: verbs.Status) -> int:
    """Print how far searches are."""
    store = Store.open(verb.store)
    names = store.searches() if verb.name is None else [verb.name]
    rows = []
    for name in names:
        seen, wanted = queries.progress(store, name), store.header(name).trials
        total = sum(seen.states.values())
        ended = total - seen.states.get("pending", 0) - seen.states.get("running", 0)
        rows.append(
            {
                "search": name,
                "trials": f"{ended} of {max(wanted, total)} ended",
                "states": ", ".join(f"{n} {s}" for s, n in seen.states.items()),
                "best": "; ".join(
                    f"{row['labelled_ratio']:g}: {row['objective_mm']:.2f} mm"
                    for row in seen.best.to_pylist()
                ),
                "pre-trainings": pre_trainings(store, name),
                "driven by": seen.driver or "nobody",
            }
        )
    columns = ["search", "trials", "states", "best", "pre-trainings", "driven by"]
    table = pa.Table.from_pylist(rows, pa.schema([(c, pa.string()) for c in columns]))
    _print(tables.show(table, verb.format))
    if verb.name is not None and verb.format == "table":
        rungs = queries.progress(store, verb.name).rungs
        if rungs:
            shown = pa.Table.from_pylist([dataclasses.asdict(rung) for rung in rungs])
            _print(tables.show(shown, "table", "Rungs"))
    return DONE


def pre_trainings(store: Store, name: str) -> str:
    """How many pre-trainings a search has run and reused, such as `4 run, 20 reused`."""
    rows = store.rows("trials", name).select(["trial", "event", "reason"])
    events = [
        (row["trial"], row["reason"])
        for row in rows.to_pylist()
        if row["event"] == "stage"
    ]
    run, reused = stage_notes.counts(events)
    return f"{run} run, {reused} reused"


def rerun(verb: verbs.Rerun) -> int:
    """Run the finals, then print their table."""
    from harness.finals import rerun

    done = rerun(
        verb.name,
        top=verb.top,
        seeds=verb.seeds,
        store=verb.store,
        address=verb.address,
        concurrency=verb.concurrency,
        retries=verb.retries,
        device=verb.device,
        takeover=verb.takeover,
    )
    _print(
        tables.show(done.table, verb.format, f"{verb.name}: test error of the finals")
    )
    if not done.finished:
        raise KeyboardInterrupt
    return FAILED if done.crashed else DONE


def train(verb: verbs.Train) -> int:
    """Train one run and print its reports."""
    from harness.commands.train_command import train

    return train(verb)


def evaluate(verb: verbs.Evaluate) -> int:
    """Print the metrics of predictions or of a model."""
    from harness.evaluate import evaluate

    return evaluate(verb)


def predict(verb: verbs.Predict) -> int:
    """Print the joints of depth frames."""
    from harness.predict import predict

    return predict(verb)


def export(verb: verbs.Export) -> int:
    """Write a model for others."""
    from harness.export import export

    return export(verb)


def data_prepare(verb: verbs.DataPrepare) -> int:
    """Make the crops of a data set."""
    from harness.commands.data_prepare import prepare

    return prepare(verb)


def data_show(verb: verbs.DataShow) -> int:
    """Draw frames of a data set."""
    from harness.commands.show import draw

    with preparation() as progress:
        said = draw(
            verb.data,
            side_px=verb.side,
            split=verb.split,
            frames=verb.frames,
            out=Path(verb.out),
            cache=Path(verb.store) / "cache",
            progress=progress,
        )
    _print(printable(said))
    return DONE


def verify(verb: verbs.Verify) -> int:
    """Check the files of a store."""
    from harness.commands.verify_command import verify

    return verify(verb)


def doctor(verb: verbs.Doctor) -> int:
    """Check what a search needs."""
    from harness.doctor import check

    findings = check(data=verb.data, store=verb.store, address=verb.address)
    _print(tables.show(pa.Table.from_pylist(findings), verb.format))
    return FAILED if any(row["verdict"] == "mend" for row in findings) else DONE


def demo(verb: verbs.Demo) -> int:
    """The whole story on synthetic hands."""
    _say("1/3  Search: loss weights, latent size and learning rates at three ratios.")
    code = search(
        verbs.Search(
            name="demo",
            store=verb.store,
            data="synthetic:1500",
            preset="tiny",
            ratios="0.05,0.25,1.0",
            trials=12,
        )
    )
    _say("2/3  Finals: the best of each ratio again, two fresh seeds, on test hands.")
    again = rerun(verbs.Rerun(name="demo", store=verb.store, seeds=2))
    _say(
        "3/3  Ask on:\n"
        f"  crossnets best demo --store {verb.store} --top 3\n"
        f"  crossnets query --store {verb.store} "
        '"SELECT trial, state, reason FROM trials ORDER BY trial"\n'
        f"  tensorboard --logdir {verb.store}/tensorboard"
    )
    return max(code, again)


def print_best(
    store: Store,
    name: str,
    per: str | None = "labelled_ratio",
    top: int = 1,
    style: str = "table",
) -> None:
    """Print a leaderboard: each trial beside the baseline of its ratio."""
    header = store.header(name)
    found = queries.best(queries.read(store, "trials", name), per=per, top=top)
    baseline = [
        header.mean_pose_mm[str(ratio)] for ratio in found["labelled_ratio"].to_pylist()
    ]
    found = found.append_column("mean_pose_mm", pa.array(baseline, pa.float64()))
    parameters = [
        n.replace(".", "_") for n in header.parameters if n != "labelled_ratio"
    ]
    if style != "table":
        _print(tables.show(found.select([*LEADERBOARD, *parameters]), style))
        return
    if not len(found):
        _say(f"{name} has no trial with a finite error yet.")
        return
    title = f"{name}: best by {header.rules['objective']} on the validation split"
    _print(tables.show(found.select(LEADERBOARD), style, title))
    _print(tables.show(_side_by_side(found, parameters), style, "Their configurations"))


def _side_by_side(trials: pa.Table, parameters: list[str]) -> pa.Table:
    """A row a parameter and a column a trial, because there are many parameters."""
    columns: dict[str, list[str]] = {"parameter": parameters}
    for row in trials.to_pylist():
        name = f"{row['trial']} ({row['labelled_ratio']:g})"
        columns[name] = [tables.rounded(row[parameter]) for parameter in parameters]
    return pa.table(columns)


@contextlib.contextmanager
def preparation() -> Iterator[Callable[[int, int], None]]:
    """A progress bar for the preparation of data, on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Preparing the data", total=None, visible=False)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=done < total)

        yield progress


COMMANDS: dict[type, Callable[[Any], int]] = {
    verbs.Search: search,
    verbs.Plan: plan,
    verbs.Best: best,
    verbs.Query: query,
    verbs.Status: status,
    verbs.Rerun: rerun,
    verbs.Train: train,
    verbs.Evaluate: evaluate,
    verbs.Predict: predict,
    verbs.Export: export,
    verbs.DataPrepare: data_prepare,
    verbs.DataShow: data_show,
    verbs.Verify: verify,
    verbs.Doctor: doctor,
    verbs.Demo: demo,
}
"""What does each verb."""


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _print(text: str) -> None:
    print(text)  # noqa: T201
