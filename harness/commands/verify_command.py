"""`crossnets verify`: what was checked, each damage, and what to do about it.

The checks are `results.checking.verify`; neither Ray nor torch is loaded.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from harness.commands.cli import DONE, STORAGE
from harness.commands.printing import tables
from harness.commands.verbs import Verify
from results import StorageError, Store
from results.checking.findings import KINDS, Finding
from results.checking.verify import files, verify as find
from results.format.storage import Storage


def verify(verb: Verify) -> int:
    """Check a store and print what was found; the exit code says whether it is sound."""
    if verb.format not in ("table", "json"):
        raise ValueError(f"`--format` must be table or json, got {verb.format!r}.")
    storage = _opened(verb.store).storage
    looked_at, sizes = Counter[str](), Counter[str]()
    seen: set[str] = set()
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("Checking", total=files(storage, verb.name))

        def tell(kind: str, path: str, size: int) -> None:
            if path not in seen:  # a file may be looked at twice
                seen.add(path)
                looked_at[kind] += 1
                sizes[kind] += size
                bar.update(task, advance=1, description=tables.printable(kind))

        found = list(find(storage, verb.name, tell))
    checked = [
        {"checked": kind, "files": looked_at[kind], "bytes": sizes[kind]}
        for kind in KINDS
    ]
    if verb.format == "json":
        said = {
            "clean": not found,
            "checked": checked,
            "damage": [vars(f) for f in found],
        }
        _print(json.dumps(said, indent=1))
    else:
        _show(checked, found)
    return STORAGE if found else DONE


def _opened(location: str) -> Store:
    """The store, also where its own record is damaged: that is one of the findings."""
    try:
        return Store.open(location)
    except StorageError:
        if "://" in location or not Path(location).is_dir():
            raise
        return Store(Storage(location, create=False))


def _show(checked: list[dict], found: list[Finding]) -> None:
    """Tables for people; the verdict goes to standard error."""
    shown = [
        {**row, "bytes": f"{row['bytes'] / 1e6:.1f} MB"}
        for row in checked
        if row["files"]
    ]
    _print(tables.show(pa.Table.from_pylist(shown), "table"))
    if not found:
        _say("Every file is as it was written.")
        return
    said = f"{len(found)} {'file is' if len(found) == 1 else 'files are'} damaged."
    rows = [
        {"file": f.path, "problem": f.problem, "what to do": f.remedy} for f in found
    ]
    _print(tables.show(pa.Table.from_pylist(rows), "table"))
    _say(said)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _print(text: str) -> None:
    print(text)  # noqa: T201
