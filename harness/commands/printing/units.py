"""The unit of a column or a field, from its name: names say their units."""

NAMES = {
    "active_units": "numbers",
    "batch_size": "frames",
    "epoch": "epochs",
    "epochs": "epochs",
    "frames": "frames",
    "rung": "epochs",
    "seconds": "s",
    "steps": "updates",
}
"""Units of names that do not say them."""

STARTS = {"frames_within_": "share", "trunk_share_": "share"}
"""Units by how a name begins."""

ENDS = {
    "_deg": "degrees",
    "_epochs": "epochs",
    "_frames": "frames",
    "_mm": "mm",
    "_nats": "nats",
    "_px": "px",
    "_ratio": "share",
    "_time_s": "s",
    "_utc": "UTC",
}
"""Units by how a name ends."""


def of(name: str) -> str | None:
    """Such as `mm` for `objective_mm`; None for what has no unit.

    Args:
        name: Of a column or a field, also a dotted one.
    """
    leaf = name.rpartition(".")[2]
    for start, unit in STARTS.items():
        if leaf.startswith(start):
            return unit
    by_end = (unit for end, unit in ENDS.items() if leaf.endswith(end))
    return NAMES.get(leaf) or next(by_end, None)
