"""The tables of all commands on terminals of 80 and 40 columns: nothing is cut.

Each table that is drawn is caught with its rows, and every cell is looked for in
what was drawn, whole numbers and names, folded where there is no other way.
"""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from harness.commands import cli
from harness.commands.models import export
from harness.commands.printing import costs, damage, predictions, tables, trust
from harness.definition.disk import Forecast
from harness.export import Exported
from harness.plan import Cost, Estimate, Ladder
from harness.predict import Prediction, Predictions
from harness.probe import Speed
from results.checking.findings import Finding
from results.finals import table as finals_table
from tests.harness.commands.printing.test_trust import FACTS


SHOW = tables.show


class Terminal(tables.Console):
    """A console that says that it is a terminal."""

    @property
    def is_terminal(self) -> bool:
        """Whatever the output is."""
        return True


def _columns_of(shown: str, names: list[str], width: int) -> list[str]:
    """The text of each column as it was drawn, without blanks and line ends."""
    lines = [line.replace("\u2503", "\u2502") for line in shown.splitlines()]
    rows = [line.split("\u2502")[1:-1] for line in lines if line.count("\u2502") > 1]
    if rows:
        return ["".join("".join(cells).split()) for cells in zip(*rows, strict=True)]
    start = min(max(map(len, names)), width // 2)  # a block a row: names, then values
    heads = "".join("".join(line[:start].split()) for line in lines)
    cells = "".join("".join(line[start:].split()) for line in lines)
    return [heads + cells] * len(names)


def is_whole(shown: str, names: list[str], rows: list[list], width: int) -> None:
    """See that each cell and each head of a table stands in what was drawn."""
    assert "\u2026" not in shown
    tokens = set(shown.split())
    columns = _columns_of(shown, names, width)
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        assert "".join(name.replace("_", " ").split()) in column.replace("_", "")
        for row in rows:
            text = tables.rounded(row[place])
            assert "".join(text.split()) in column
            if isinstance(row[place], int | float):
                assert text in tokens


@pytest.fixture(params=[80, 40])
def caught(monkeypatch, request):
    """Checks each table as it is drawn on a terminal; gives how many there were."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    plain = tables.Console
    made = lambda **more: plain(**more) if more else Terminal()  # noqa: E731
    monkeypatch.setattr(tables, "Console", made)
    count = itertools.count()

    def show(rows, style, title="", *, main=(), wide=False) -> str:
        shown = SHOW(rows, style, title, main=main, wide=wide)
        if style == "table":
            assert max(map(tables.cell_len, shown.splitlines())) <= request.param
            table = pa.Table.from_pylist(rows) if isinstance(rows, list) else rows
            if main and not wide:
                table = table.select([n for n in main if n in table.schema.names])
            body = SHOW(table, style)
            assert body in shown
            found = [list(row) for row in tables._rows(table)]
            is_whole(body, table.schema.names, found, request.param)
            next(count)
        return shown

    monkeypatch.setattr(tables, "show", show)
    return lambda: next(count)


def test_of_a_store(caught, driven):
    """After a search of twelve trials: best, status, rungs, SQL, what there is."""
    driven.run()
    driven.writer.flush()
    store = ["--store", str(driven.store.storage.root)]
    for words in (
        ["best", "s", "--top", "3"],
        ["status"],
        ["status", "s", "--wide"],
        ["query", "SELECT * EXCLUDE config_json FROM trials"],
        ["query", "SELECT * FROM trials_wide LIMIT 3"],
        ["query", "SELECT * FROM reports LIMIT 3"],
        ["query", "--schema"],
        ["query", "--schema", "--wide"],
        ["verify"],
        ["fields"],
        ["doctor", "--data", "synthetic:40"],
    ):
        cli._run([*words, *([] if words == ["fields"] else store)])
    assert caught() >= 11


def test_of_finals(caught):
    """All columns of the table, and those that are main ones elsewhere."""
    draw = np.random.default_rng(0)
    rows = [
        {
            field.name: (
                f"t-{number:05d}"
                if field.type == pa.string()
                else number
                if field.type == pa.int64()
                else float(draw.uniform(0.01, 120))
            )
            for field in finals_table.SUMMARY
        }
        for number in range(1, 9)
    ]
    table = pa.Table.from_pylist(rows, finals_table.SUMMARY)
    tables.show(table, "table", "a_search: test error of the finals")
    tables.show(table, "table", "", main=("trial", "test_mean_mm", "low_95_mm"))
    assert caught() == 2


def test_of_a_plan(caught):
    """Of a search of thousands of trials at seven ratios."""
    cost = Cost(
        pre_trainings={"vae": 10_000, "gan": 7},
        updates=dict.fromkeys(("vae", "gan", "warm_up", "joint"), 123_456_789),
        hours=12_345.6,
        wall_hours=1234.5,
    )
    ladders = tuple(
        Ladder(
            labelled_ratio=ratio, trials=1429, reach={9: 1429.0, 27: 476.3, 80: 158.8}
        )
        for ratio in (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
    )
    estimate = Estimate(
        ladders=ladders,
        speed=Speed(update_s=dict.fromkeys(cost.updates, 0.0123), frame_s=0.001),
        alone=cost,
        shared=cost,
        disk=Forecast(checkpoints=2**40, rows=2**30, pictures=2**30),
        device="cuda",
        slots=64,
        is_shared=True,
        unshared={},
    )
    costs.shown(estimate, Path("/"), "table")
    assert caught() == 3


def test_of_models(caught, train, tmp_path, labels, points):
    """An evaluation of 14 joints, frames of 21, and the files of an export."""
    from cnets.cameras import CAMERAS
    from cnets.inference import models
    from cnets.inference.frame_reading import Way

    words = ["evaluate", points[0], "--data", labels, "--unit", "xyz"]
    cli._run(words)
    draw = np.random.default_rng(3)
    frames = tuple(
        Prediction(
            frame=f"/some/where/{'long/' * 20}depth_1_0000001.png",
            center_uvd=draw.normal(size=3),
            joints_mm=draw.normal(size=(21, 3)) * 1000,
            joints_px=draw.normal(size=(21, 2)) * 1000,
        )
        for _ in range(2)
    )
    done = Predictions(
        model=models.of_lane("hand", train(tmp_path, steps=1).lane),
        way=Way(camera=CAMERAS["nyu"]),
        frames=frames,
        passed_over=(),
    )
    predictions.shown(done, "table")
    exported = Exported(
        folder=tmp_path / "model",
        sizes={"model.safetensors": 123_456_789, "posterior.onnx": 12_345_678},
        figures={"mean_joint_error_mm": 13.5678, "frames_within_40mm": 0.875},
    )
    export.shown(exported, "table")
    assert caught() == 5


def test_of_data_and_damage(caught):
    """Worst frames with long paths, and damaged files with what to do."""
    trust.report(FACTS)
    trust.report(FACTS | {"joints": 0})
    path = "parameters/a_search/seg-0000001-000000106.parquet"
    remedy = "Copy it from a backup; without one delete it, and lose its rows."
    problem = f"Its SHA-256 is {'0123456789abcdef' * 4} and not what it was."
    checked = [{"checked": "segments", "files": 12_345, "bytes": 2**40}]
    damage.show(checked, [Finding(path=path, problem=problem, remedy=remedy)], "table")
    assert caught() == 6
