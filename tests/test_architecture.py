"""ARCHITECTURE.md stays short, and the files that it names are there."""

import re
from pathlib import Path


ROOT = Path(__file__).parents[1]
PAGE = ROOT / "ARCHITECTURE.md"


def test_it_can_be_read_in_one_go():
    """At most 150 lines of at most 100 characters."""
    lines = PAGE.read_text("utf-8").splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 100


def test_every_file_that_it_names_is_there():
    """A name such as `sharing/stage_keys.py` is the end of a file's path."""
    paths = {
        f"/{path.relative_to(ROOT)}"
        for path in ROOT.rglob("*.py")
        if ".venv" not in path.parts
    }
    named = set(re.findall(r"`([\w/]+\.py)`", PAGE.read_text("utf-8")))
    missing = {name for name in named if not any(p.endswith(f"/{name}") for p in paths)}
    assert len(named) > 40
    assert not missing


def test_every_folder_that_it_names_is_there():
    """A name such as `writing/` is the end of a folder's path."""
    folders = {
        f"/{path.parent.relative_to(ROOT)}/"
        for path in ROOT.rglob("*.*")
        if ".venv" not in path.parts
    }
    named = set(re.findall(r"`([\w/]+/)`", PAGE.read_text("utf-8")))
    missing = {
        name for name in named if not any(f.endswith(f"/{name}") for f in folders)
    }
    assert not missing
