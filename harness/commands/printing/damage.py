"""The check of a store as it goes on, what was checked, and what is damaged."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from harness.commands.printing import bars, messages, tables
from harness.definition.terminal import printable
from results.checking.findings import KINDS, Finding


class CheckBar:
    """A bar on a terminal, and a count of the files of each kind."""

    def __init__(self, total: int) -> None:
        """Nothing is checked yet of about `total` files."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bar = bars.on_stderr(*columns, transient=True)
        self._task = self._bar.add_task("Checking", total=total)
        self._files, self._bytes = Counter[str](), Counter[str]()
        self._paths: set[str] = set()

    def __enter__(self) -> "CheckBar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def seen(self, kind: str, path: str, size: int) -> None:
        """Count a file, once though it may be looked at twice."""
        if path not in self._paths:
            self._paths.add(path)
            self._files[kind] += 1
            self._bytes[kind] += size
            self._bar.update(self._task, advance=1, description=printable(kind))

    def checked(self) -> list[dict[str, Any]]:
        """Files and bytes of each kind."""
        return [
            {"checked": kind, "files": self._files[kind], "bytes": self._bytes[kind]}
            for kind in KINDS
        ]


def show(
    checked: Sequence[dict[str, Any]], findings: Sequence[Finding], style: str
) -> None:
    """Print what was checked and found; `json` for machines, else tables."""
    if style == "json":
        facts = {
            "clean": not findings,
            "checked": checked,
            "damage": [vars(finding) for finding in findings],
        }
        messages.answer(tables.as_json(facts))
    else:
        _show_tables(checked, findings)


def _show_tables(
    checked: Sequence[dict[str, Any]], findings: Sequence[Finding]
) -> None:
    """Tables for people; the verdict goes to standard error."""
    rows = [
        {**row, "bytes": f"{row['bytes'] / 1e6:.1f} MB"}
        for row in checked
        if row["files"]
    ]
    messages.answer(tables.show(rows, "table"))
    if not findings:
        messages.note("Every file is as it was written.")
        return
    damaged = "file is" if len(findings) == 1 else "files are"
    rows = [
        {"file": f.path, "problem": f.problem, "what to do": f.remedy} for f in findings
    ]
    messages.answer(tables.show(rows, "table"))
    messages.note(f"{len(findings)} {damaged} damaged.")
