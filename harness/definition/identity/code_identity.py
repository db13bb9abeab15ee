"""Which code decides what a run gives: a hash of ours, and versions of others'.

The modules that train, decide and describe a run count; those that print, store or
connect do not. Neither do comments and docstrings, so that a reworded line is no
other code.
"""

import ast
import functools
import hashlib
import platform
from importlib import metadata
from pathlib import Path


ROOT = Path(__file__).resolve().parents[3]
"""Folder that holds the packages which this process has imported."""

DECISIVE = (
    "cnets",
    "search_spaces",
    "harness/definition",
    "harness/worker",
    "harness/driver/deciding",
)
"""Folders whose code decides results."""

APART = ("cnets/inference", "cnets/data/files", "harness/definition/options.py")
"""Parts of them that do not: pictures and exports, and the wording of options."""

PACKAGES = ("torch", "numpy")
"""Packages whose version decides results."""


@functools.cache
def code_sha256() -> str:
    """SHA-256 of the code that decides results, as it lies on disk now."""
    digest = hashlib.sha256()
    for folder in DECISIVE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(APART):
                digest.update(f"{name}\0{plain(path.read_text('utf-8'))}\0".encode())
    return digest.hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """Version of Python and of each package that decides results."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name).partition("+")[0]  # less +cpu
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


@functools.cache
def identity() -> str:
    """SHA-256 of both, which stands in rows."""
    facts = f"{code_sha256()} {sorted(versions().items())}"
    return hashlib.sha256(facts.encode()).hexdigest()


def plain(text: str) -> str:
    """A module's syntax tree without docstrings, as text."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if not isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ):
            continue
        node.body = [line for line in node.body if not _is_text(line)] or [ast.Pass()]
    return ast.dump(tree)


def _is_text(line: ast.stmt) -> bool:
    """Whether a statement is nothing but a text."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
