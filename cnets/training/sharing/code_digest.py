"""A hash of the code that a module runs: its own and that of all it imports.

The hash follows what the interpreter loads, so that no module that takes part is
left out. It knows neither comments nor docstrings nor the names of files: moving
a module or rewording it changes nothing, any other change of a line does.
"""

import ast
import hashlib
import importlib
import sys
from collections.abc import Callable, Collection
from pathlib import Path


Read = Callable[[str], str]
"""Gives the source text of a module."""


def source(module: str) -> str:
    """The text of a module as it stands on disk."""
    file = importlib.import_module(module).__file__
    assert file is not None
    return Path(file).read_text("utf-8")


def digest(root: str, *, apart: Collection[str] = (), read: Read = source) -> str:
    """SHA-256 of the code of a module and of every module that it reaches.

    Only modules of the root's own package count; other packages are known by
    their versions. In the text of a module the name of an imported one stands
    for that one's digest (a Merkle tree), wherever the file lies.

    Args:
        root: Full name of a module.
        apart: Modules and packages that are left out, whoever imports them.
        read: Where texts come from; a test changes them on the way.
    """
    return _Reached(apart, read).digest(root)


def reached(root: str, *, apart: Collection[str] = (), read: Read = source) -> set[str]:
    """Full names of the modules with code that is in `digest`."""
    walk = _Reached(apart, read)
    walk.digest(root)
    return {module for module, found in walk.digests.items() if found}


class _Reached:
    """One walk from a module to all that it imports."""

    def __init__(self, apart: Collection[str], read: Read) -> None:
        self.apart, self.read = apart, read
        self.digests: dict[str, str] = {}

    def digest(self, module: str) -> str:
        """The digest of a module, made once."""
        if self._is_apart(module):
            return "apart"
        if module not in self.digests:
            self.digests[module] = ""  # of an import circle, the second turn
            tree = ast.parse(self.read(module))
            bound = self._bound(tree, module)
            around = {self.digest(package) for package in _packages(module)} - {""}
            plain = ast.unparse(_Plain(bound).visit(tree))
            text = "\n".join([*sorted(around | set(bound.values())), plain]).strip()
            if text:  # a package with a docstring alone runs nothing
                self.digests[module] = hashlib.sha256(text.encode()).hexdigest()
        return self.digests[module]

    def _is_apart(self, module: str) -> bool:
        return any(f"{module}.".startswith(f"{part}.") for part in self.apart)

    def _bound(self, tree: ast.AST, module: str) -> dict[str, str]:
        """What each name that is imported from the own package stands for."""
        own = module.partition(".")[0]
        found: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and _is_in(node.module, own):
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    name = alias.asname or alias.name
                    if _is_module(inner):
                        found[name] = self.digest(inner)
                    else:
                        found[name] = f"{self.digest(node.module or '')}.{alias.name}"
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if _is_in(alias.name, own):
                        found[alias.asname or alias.name] = self.digest(alias.name)
        return found


class _Plain(ast.NodeTransformer):
    """Takes from a module what does not run, and where its imports lie."""

    def __init__(self, bound: dict[str, str]) -> None:
        self.bound = bound

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Docstrings go, also those below a field or a constant."""
        text = isinstance(node.value, ast.Constant) and isinstance(
            node.value.value, str
        )
        return None if text else self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        """An import of the own package goes; its names stand for digests."""
        own = any((alias.asname or alias.name) in self.bound for alias in node.names)
        return None if own else node

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        """Likewise."""
        own = any((alias.asname or alias.name) in self.bound for alias in node.names)
        return None if own else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A name of the own package is replaced by what it stands for."""
        return ast.Name(self.bound.get(node.id, node.id), node.ctx)


def _is_in(module: str | None, package: str) -> bool:
    return module is not None and f"{module}.".startswith(f"{package}.")


def _is_module(name: str) -> bool:
    """Whether a name is a module, which importing its package need not load."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return False
    return name in sys.modules


def _packages(module: str) -> list[str]:
    """The packages around a module, outermost first: they are loaded before it."""
    parts = module.split(".")[:-1]
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
