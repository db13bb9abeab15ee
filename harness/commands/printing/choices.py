"""Which frames to label next, and how far the others are from them."""

from pathlib import Path
from typing import Any

from harness import choose
from harness.choose import Chosen
from harness.commands.printing import hints, tables
from harness.definition.terminal import printable


COLUMNS = 80
"""Widest line of a sentence."""

MEANING = (
    "Distance: root mean square difference of two crops in 20 principal components; the "
    "nearest pixel of a hand is -1, background 1."
)
"""What the numbers of the table are."""


def facts(chosen: Chosen, out: Path) -> dict[str, Any]:
    """The choice as plain values."""
    return {
        "data": chosen.data,
        "frames": len(chosen.pool.rows),
        "labelled": chosen.labelled,
        "chosen": chosen.table(),
        "farthest_left": chosen.farthest,
        "out": str(out),
        "sheet": str(choose.sheet_of(out)),
        "notes": list(chosen.pool.notes),
    }


def report(chosen: Chosen, out: Path) -> str:
    """What was chosen in words, and how well it covers the rest."""
    before = f", {chosen.labelled} of them labelled already" if chosen.labelled else ""
    head = (
        f"{printable(chosen.data)}: {hints.count(len(chosen.rows), 'frame')} of "
        f"{len(chosen.pool.rows)} to label next{before}: {out}, and their crops in the "
        f"same order: {choose.sheet_of(out)}."
    )
    rows = [
        {"labelled next": number, "distance of the farthest other frame": radius}
        for number, radius in chosen.radii()
    ]
    width = min(tables.width(), COLUMNS)
    parts = [tables.folded(head, width)]
    if rows:
        parts += [tables.show(rows, "table"), tables.folded(MEANING, width)]
    return "\n".join(parts)
