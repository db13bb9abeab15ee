"""The hash of code, on a package that each test writes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


FILES = {
    "__init__.py": '"""A package."""\n',
    "root.py": (
        '"""Where it starts."""\n'
        "import math\n"
        "from tree import branch\n"
        "from tree.inner.leaf import SIZE\n"
        "def total():\n"
        '    """Of all."""\n'
        "    return branch.half(SIZE) + math.pi\n"
    ),
    "branch.py": "def half(x):\n    from tree import late\n    return late.RATE * x\n",
    "late.py": "RATE = 0.5\n",
    "inner/__init__.py": "",
    "inner/leaf.py": 'SIZE = 4\n"""How large."""\n',
    "unused.py": "SIZE = 5\n",
}


def digest(folder: Path, files: dict[str, str], *apart: str) -> str:
    """The hash of `tree.root` in a fresh interpreter."""
    shutil.rmtree(folder / "tree", ignore_errors=True)
    for name, text in files.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    probe = (
        "import sys\n"
        f"sys.path.insert(0, {str(folder)!r})\n"
        "from cnets.training.sharing import code_digest\n"
        f"print(code_digest.digest('tree.root', apart={apart!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", probe], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The hash of the package as it stands above."""
    return digest(tmp_path_factory.mktemp("whole"), FILES)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("root.py", "math.pi", "math.e"),
        ("root.py", "import math\n", "import cmath as math\n"),
        ("branch.py", "* x", "/ x"),
        ("late.py", "0.5", "0.25"),
        ("inner/leaf.py", "4", "8"),
        ("inner/__init__.py", "", "NEW = 1\n"),
        ("root.py", "tree.inner.leaf", "tree.unused"),
    ],
)
def test_a_changed_line_changes_it(tmp_path, whole, name, old, new):
    """In every module that is reached, also from inside a function or a package."""
    changed = FILES | {name: FILES[name].replace(old, new, 1)}
    if old == "":
        changed[name] = new
    assert digest(tmp_path, changed) != whole


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("root.py", "Where it starts.", "The beginning."),
        ("root.py", '    """Of all."""\n', ""),
        ("root.py", "import math\n", "import math  # for pi\n\n"),
        ("inner/leaf.py", "How large.", "Its size."),
        ("__init__.py", "A package.", "Other words."),
        ("unused.py", "5", "6"),
    ],
)
def test_words_and_other_modules_change_nothing(tmp_path, whole, name, old, new):
    """Docstrings of modules, functions and constants, comments, blank lines."""
    changed = FILES | {name: FILES[name].replace(old, new, 1)}
    assert changed != FILES
    assert digest(tmp_path, changed) == whole


def test_a_file_may_move_and_change_its_name(tmp_path, whole):
    """What is imported counts by what it holds, wherever it lies."""
    moved = dict(FILES)
    moved["room/__init__.py"] = '"""A room."""\n'
    moved["room/bough.py"] = moved.pop("branch.py")
    moved["root.py"] = (
        moved["root.py"]
        .replace("from tree import branch", "from tree.room import bough")
        .replace("branch.half", "bough.half")
    )
    assert digest(tmp_path, moved) == whole


def test_what_is_apart_is_left_out(tmp_path):
    """Its text may change; that it is used stays in the hash."""
    changed = FILES | {"late.py": "RATE = 0.25\n"}
    before = digest(tmp_path, FILES, "tree.late")
    assert digest(tmp_path, changed, "tree.late") == before


def test_an_import_circle_ends(tmp_path):
    """Two modules that import each other have one hash, time after time."""
    circle = FILES | {"late.py": "from tree import branch\nRATE = 0.5\n"}
    assert digest(tmp_path, circle) == digest(tmp_path, circle)
