"""The import rules hold at run time too, and the check itself can fail."""

import subprocess
import sys

import pytest


def loaded(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after running `code`."""
    probe = f"{code}\nimport sys\nprint(*{{n.split('.')[0] for n in sys.modules}})\n"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split("\n")[-2].split())


def everything(package: str) -> str:
    """Code that imports every module of a package."""
    return (
        "import importlib, pkgutil\n"
        f"p = importlib.import_module({package!r})\n"
        "for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.'):\n"
        "    importlib.import_module(m.name)\n"
    )


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("cnets", {"ray", "optuna", "pyarrow", "harness", "results", "search_spaces"}),
        ("search_spaces", {"ray", "optuna", "torch", "harness", "results", "cnets"}),
        ("results", {"ray", "optuna", "torch", "harness", "search_spaces", "cnets"}),
    ],
)
def test_a_leaf_package_loads_nothing_forbidden(package, forbidden):
    """Importing all of a leaf package leaves the others unloaded."""
    assert loaded(everything(package)) & forbidden == set()


def test_the_check_can_fail():
    """`harness` loads Ray, so the probe sees what it is meant to see."""
    assert "ray" in loaded(everything("harness"))


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "--version",
        "search --help",
        "query --help",
        "best --help",
        "query 'SELECT 1 AS one' --store STORE",
        "status --store STORE",
    ],
)
def test_reading_loads_neither_ray_nor_torch(words, tmp_path):
    """The verbs that read, and every --help, start without either."""
    code = (
        "import shlex, sys\n"
        "from results import Store\n"
        f"Store.open({str(tmp_path)!r}, create=True)\n"
        "from harness.commands import cli\n"
        f"words = shlex.split({words.replace('STORE', str(tmp_path))!r})\n"
        "try:\n"
        "    code = cli.run(words)\n"
        "except SystemExit as stop:\n"
        "    code = stop.code or 0\n"
        "assert code == 0, code\n"
    )
    assert loaded(code) & {"ray", "torch", "optuna", "tensorboardX"} == set()
