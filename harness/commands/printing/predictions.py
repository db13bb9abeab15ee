"""Predicted joints as tables, JSON or CSV: a row a joint, in JSON a frame.

A person gets a table a frame. In CSV a frame without a hand has one row without a
joint, and `found` says so.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from cnets.data.crops import centre
from harness.commands.printing import tables
from harness.predict import Prediction, Predictions


NUMBERS = ("x_mm", "y_mm", "z_mm", "u_px", "v_px")
"""Columns of a joint's numbers."""

COLUMNS = pa.schema(
    [(name, pa.string()) for name in ("frame", "found", "joint")]
    + [(name, pa.float64()) for name in NUMBERS]
)
"""Columns of a row."""


def shown(done: Predictions, style: str) -> str:
    """The joints as text in one of the formats.

    Args:
        done: What was read.
        style: `table`, `json` or `csv`.
    """
    if style == "json":
        return tables.as_json([_object(frame) for frame in done.frames])
    names = done.model.skeleton.joint_names
    each = [
        pa.Table.from_pylist(list(_rows(frame, names)), schema=COLUMNS)
        for frame in done.frames
    ]
    if style == "csv":
        return tables.show(pa.concat_tables(each), style)
    hand = "" if done.model.hand is None else f", a model of {done.model.hand} hands"
    title = f"Joints read by {done.model.name}{hand}"
    drawn = [
        tables.show(rows.select(["joint", *NUMBERS]), style, frame.frame)
        if frame.found
        else tables.folded(f"{frame.frame}: no hand found", tables.width())
        for frame, rows in zip(done.frames, each, strict=True)
    ]
    return "\n".join([tables.folded(title, tables.width()), *drawn])


def without_hand(done: Predictions) -> str:
    """How many frames show no hand, and what that means."""
    return (
        f"{done.without_hand()} of {len(done.frames)} frames show no hand: nothing like "
        f"one from {centre.NEAREST_MM:g} to {centre.FARTHEST_MM:g} mm, or nothing about "
        "its centre; `--depth-unit` says the unit of depths that are no millimetres."
    )


def _object(frame: Prediction) -> dict[str, Any]:
    """A frame as JSON has it."""
    values = {
        name: None if array is None else array.tolist()
        for name, array in (
            ("center_uvd", frame.center_uvd),
            ("joints_mm", frame.joints_mm),
            ("joints_px", frame.joints_px),
        )
    }
    return {"frame": frame.frame, "found": frame.found, **values}


def _rows(frame: Prediction, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of a frame; columns that are missing are empty."""
    about = {"frame": frame.frame, "found": "true" if frame.found else "false"}
    if frame.joints_mm is None or frame.joints_px is None:
        yield about
        return
    numbers = np.concatenate([frame.joints_mm, frame.joints_px], 1).tolist()
    for name, row in zip(names, numbers, strict=True):
        yield about | {"joint": name} | dict(zip(NUMBERS, row, strict=True))
