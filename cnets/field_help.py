"""The help of every field of a dataclass, read from the source of its module.

Python does not keep the string below a field, so the file is parsed. How help is
printed is decided by the command line, not here.
"""

import ast
import dataclasses
import inspect
import itertools
import sys

from cnets import config, field_types
from cnets.config import TrainConfig


def explain() -> dict[str, str]:
    """What each field of a run means, by dotted name: the string below it.

    The words of a choice follow.
    """
    groups = {"": TrainConfig} | {
        entry.name: entry.type
        for entry in dataclasses.fields(TrainConfig)
        if isinstance(entry.type, type) and dataclasses.is_dataclass(entry.type)
    }
    texts = {group: strings(kind) for group, kind in groups.items()}
    helps = {}
    for name, kind in config.fields(TrainConfig).items():
        group, _, leaf = name.rpartition(".")
        helps[name] = _with_choices(texts[group][leaf], field_types.choices(kind))
    return helps


def _with_choices(text: str, words: tuple[str, ...]) -> str:
    return f"{text} One of {', '.join(words)}." if words else text


def strings(kind: type) -> dict[str, str]:
    """The string that stands below each field of a class, by the field's name."""
    tree = ast.parse(inspect.getsource(sys.modules[kind.__module__]))
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    )
    return {
        field.target.id: text.value.value
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
