"""The import rules hold at run time too, and every module has its test file.

Each check has a test in which it finds something.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[1]

PACKAGES = ("cnets", "harness", "results", "search_spaces", "crossnets")


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
        "best alpha --store GOLDEN",
        "query 'SELECT 1 AS one' --store STORE",
        "status --store STORE",
    ],
)
def test_reading_loads_neither_ray_nor_torch(words, tmp_path):
    """The verbs that read, and every --help, start without either, or SciPy."""
    places = {"STORE": tmp_path, "GOLDEN": ROOT / "tests/results/golden/1.1/store"}
    for name, place in places.items():
        words = words.replace(name, str(place))
    code = (
        "import shlex, sys\n"
        "from results import Store\n"
        f"Store.open({str(tmp_path)!r}, create=True)\n"
        "from harness.commands import cli\n"
        f"words = shlex.split({words!r})\n"
        "try:\n"
        "    code = cli.run(words)\n"
        "except SystemExit as stop:\n"
        "    code = stop.code or 0\n"
        "assert code == 0, code\n"
    )
    never = {"ray", "torch", "optuna", "tensorboardX", "scipy"}
    assert loaded(code) & never == set()


def untested(root: Path) -> list[str]:
    """Modules of a tree without a test file at the mirrored place.

    `a/b/c.py` is tested in `tests/a/b/test_c.py`, and an `__init__.py` that does more
    than import names in `test_init.py`.
    """
    missing = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            module = path.relative_to(root)
            name = module.stem.strip("_")
            if module.stem == "__init__" and not holds_code(path):
                continue
            if not (root / "tests" / module.parent / f"test_{name}.py").exists():
                missing.append(str(module))
    return missing


def holds_code(path: Path) -> bool:
    """Whether a file defines a function or a class, besides importing names."""
    kinds = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(part, kinds) for part in body)


def test_every_module_has_its_test_file():
    """The tests mirror the packages file by file."""
    assert untested(ROOT) == []


def test_a_module_without_a_test_file_is_found(tmp_path):
    """A module and an `__init__` with a function are named, and nothing else."""
    for name, text in {
        "cnets/__init__.py": '"""Says what is here."""\n\nfrom math import pi\n',
        "cnets/config.py": "A = 1\n",
        "harness/worker/__init__.py": "def a(): ...\n",
        "harness/worker/place.py": "A = 1\n",
        "tests/cnets/test_config.py": "",
        "tests/harness/test_place.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert untested(tmp_path) == [
        "harness/worker/__init__.py",
        "harness/worker/place.py",
    ]
