"""The help of every field of a configuration, read from the source of `config`.

Python does not keep the string below a field, so the file is parsed. How help is
printed is decided by the command line, not here.
"""

import ast
import dataclasses
import inspect
import itertools

from cnets import config
from cnets.config import TrainConfig


def explain() -> dict[str, str]:
    """What each field means, by dotted name: the string that stands below it."""
    tree = ast.parse(inspect.getsource(config))
    texts: dict[str, dict[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            pairs = itertools.pairwise(node.body)
            texts[node.name] = {
                field.target.id: text.value.value
                for field, text in pairs
                if isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            }
    groups = {"": TrainConfig} | {
        entry.name: entry.type
        for entry in dataclasses.fields(TrainConfig)
        if isinstance(entry.type, type) and dataclasses.is_dataclass(entry.type)
    }
    helps = {}
    for name in config.fields(TrainConfig):
        group, _, leaf = name.rpartition(".")
        helps[name] = texts[groups[group].__name__][leaf]
    return helps
