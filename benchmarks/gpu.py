"""One table of what a GPU gives: the tests that use it, then the benchmarks' figures.

For a machine with a GPU on which nothing can be installed: torch, NumPy, SciPy,
jaxtyping and pytest are enough. A test file that needs another package is left out,
and named if it has tests that use the device. The benchmarks are those of `cnets` that
take `--device`; each runs as a process of its own, after the tests. Nothing is
measured here.

`--device cpu` runs the same at toy size, which shows that the scripts run; its
figures say nothing about a GPU. Without a GPU the exit code is 2; it is 1 if a test
or a script fails, or if no test uses the device.
"""

import argparse
import ast
import contextlib
import datetime
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch


ROOT = Path(__file__).resolve().parents[1]

LIMIT_S = 400
"""Time after which a script is ended."""

OWN = ("cnets", "harness", "results", "search_spaces", "crossnets")
"""Packages that a test file cannot do without: if one is missing, that is a failure."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """A benchmark, how it is called, and which of its figures stand in the table."""

    name: str
    cuda: str
    """Options on a GPU."""
    cpu: str
    """Options at toy size."""
    units: dict[str, str]
    """Unit of each figure by its key in the script's JSON."""


SCRIPTS = (
    Script(
        name="lanes",
        cuda="--preset small --lanes 1,8,32",
        cpu="--preset tiny --lanes 1,2 --steps 2 --turns 1 --batch 4",
        units={
            "bank_updates_per_s": "updates/s",
            "times_solo": "times",
            "times_processes": "times",
            "gpu_utilisation_percent_bank": "%",
            "gpu_utilisation_percent_solo": "%",
        },
    ),
    Script(
        name="steps",
        cuda="--preset small",
        cpu="--preset tiny --batch 4 --turns 2",
        units={
            "update_s": "s",
            "attainable_gflop_per_s": "GFLOP/s",
            "attainable_gbytes_per_s": "GB/s",
            "times_the_bound": "times",
        },
    ),
    Script(
        name="bank_search",
        cuda="--trials 32 --lanes 8 --preset small",
        cpu="--trials 3 --lanes 2 --frames 40",
        units={
            "bank_device_hours": "h",
            "one_after_another_device_hours": "h",
            "ratio": "times",
            "mean_lanes_filled": "lanes",
        },
    ),
)


@dataclass(kw_only=True, eq=False)
class Selection:
    """The tests that use the device: they take `device` or have the mark `gpu`.

    A pytest plugin. It also counts the tests and knows which files were left out.
    """

    passed: int = 0
    failed: int = 0
    left_out: list[str] = field(default_factory=list)
    """One sentence for each file that has tests which use the device."""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the project's marks known; its own pytest settings are not read."""
        for name in ("gpu", "ray", "slow"):
            config.addinivalue_line("markers", name)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """Leave out a file that needs a package which is not there."""
        report: Any = yield
        missing = re.search(r"No module named '(\w+)", str(report.longrepr))
        if report.failed and missing and missing[1] not in OWN:
            report.outcome, report.longrepr = "passed", None
            if mentions_device(collector.path):
                self.left_out.append(f"{collector.nodeid} needs {missing[1]}.")
        return report

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the tests that use the device."""
        kept = [item for item in items if uses_device(item)]
        config.hook.pytest_deselected(items=[i for i in items if i not in kept])
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once, and a fixture that fails as a test that failed."""
        self.passed += report.when == "call" and report.passed
        self.failed += report.failed


def uses_device(item: pytest.Item) -> bool:
    """Whether a test takes `device`, also through a fixture, or has the mark `gpu`."""
    names = getattr(item, "fixturenames", ())
    return "device" in names or item.get_closest_marker("gpu") is not None


def mentions_device(path: Path) -> bool:
    """The same of a whole file that cannot be imported, by its text."""
    text = path.read_text()
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef))
    names = {given.arg for function in functions for given in function.args.args}
    return "device" in names or "mark.gpu" in text


def tested(paths: list[str], device: str) -> tuple[Selection, bool]:
    """The counts of the tests on a device, and whether all is well."""
    selection = Selection()
    words = ["-c", os.devnull, "--rootdir", str(ROOT), "--confcutdir", str(ROOT)]
    words += ["--import-mode=importlib", "-p", "no:cacheprovider", "-q"]
    words += ["--device", device, *(str(ROOT / path) for path in paths)]
    code = pytest.main(words, plugins=[selection])
    return selection, code == pytest.ExitCode.OK


def measured(script: Script, device: str) -> list[tuple[str, float, str]]:
    """Figure, value and unit of all that a script prints; none if it failed."""
    words = (script.cuda if device == "cuda" else script.cpu).split()
    path = Path(__file__).with_name(f"{script.name}.py")
    try:
        done = subprocess.run(
            [sys.executable, path, "--device", device, "--format", "json", *words],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"No figures of {path.name}: {error}", file=sys.stderr)
        return []
    figures = json.loads(done.stdout)
    return [
        (f"{script.name}{named(row)}: {key}", row[key], unit)
        for row in figures.get("rows", [figures])
        for key, unit in script.units.items()
        if row[key] is not None
    ]


def named(row: dict[str, Any]) -> str:
    """What tells the rows of `lanes` apart."""
    return f", {row['lanes']} lanes" if "lanes" in row else ""


def chip(device: str) -> str:
    """The name of what is measured."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def show(facts: dict[str, str], rows: list[tuple[str, float, str]]) -> None:
    """The table, with the machine above it."""
    print("\n" + "  ".join(f"{name} {value}" for name, value in facts.items()))
    width = max(len(name) for name, _, _ in rows)
    print(f"{'figure':{width}}  {'value':>12}  unit")
    for name, value, unit in rows:
        print(f"{name:{width}}  {value:12.5g}  {unit}")


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    names = [script.name for script in SCRIPTS]
    parser.add_argument("--tests", nargs="+", default=["tests/cnets"])
    parser.add_argument("--scripts", nargs="+", choices=names, default=names)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print(
            "A GPU that torch can use is needed, and there is none; `--device cpu` "
            "runs the same at toy size.",
            file=sys.stderr,
        )
        return 2
    sys.path.insert(0, str(ROOT))
    facts = {
        "chip": chip(options.device),
        "torch": str(torch.__version__),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    with contextlib.redirect_stdout(sys.stderr):
        selection, is_well = tested(options.tests, options.device)
    rows: list[tuple[str, float, str]] = [
        ("tests passed", selection.passed, "tests"),
        ("tests failed", selection.failed, "tests"),
        ("test files left out", len(selection.left_out), "files"),
    ]
    for script in SCRIPTS:
        if script.name in options.scripts:
            figures = measured(script, options.device)
            is_well = is_well and bool(figures)
            rows += figures
    if options.format == "json":
        print(json.dumps(facts | {"left_out": selection.left_out, "rows": rows}))
    else:
        show(facts, rows)
        print(*selection.left_out, sep="\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
