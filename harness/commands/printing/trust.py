"""What a look at a data set has shown; sentences have at most 80 columns."""

from collections.abc import Mapping
from typing import Any

from harness import check_data
from harness.commands.printing import tables
from harness.definition.terminal import printable


COLUMNS = 80
"""Widest line of a sentence."""

ROWS = {
    "centres": "crop centres",
    "joints": "known joints",
    "on_hand_percent": "of them on or beside the hand, %",
    "in_crop_percent": "of them in the crop, %",
    "nearest_mm": "nearest depth in the crop, mm",
    "farthest_mm": "farthest depth in the crop, mm",
    "no_hand": "frames without a hand",
    "identical": "frames with the bytes of another",
    "nearly_identical": "frames that nearly are another",
}
"""The figures in words."""


def report(facts: Mapping[str, Any]) -> str:
    """The figures, the worst frames, and the warnings.

    Args:
        facts: Those of `check_data.Checked.facts`.
    """
    if not facts["looked_at"]:
        return "\n".join([_wrapped(check_data.sentence(facts)), *_warnings(facts)])
    head = (
        f"{printable(facts['data'])}: {facts['looked_at']} of {facts['frames']} frames "
        f"looked at, drawn with seed {facts['seed']}."
    )
    figures = [
        {"looked at": words, "value": tables.rounded(facts[name])}
        for name, words in ROWS.items()
        if facts["joints"] or ("joint" not in words and "of them" not in words)
    ]
    worst = [
        {
            "row": frame["row"],
            "frame": frame["frame"],
            "on hand %": frame["on_hand_percent"],
            "in crop %": frame["in_crop_percent"],
        }
        if facts["joints"]
        else {
            "row": frame["row"],
            "frame": frame["frame"],
            "hand cm2": frame["hand_cm2"],
        }
        for frame in facts["worst"]
    ]
    parts = [_wrapped(head), tables.show(figures, "table")]
    parts += [tables.show(worst, "table", "Worst frames"), _wrapped(check_data.RULE)]
    return "\n".join([*parts, *_warnings(facts)])


def _warnings(facts: Mapping[str, Any]) -> list[str]:
    """The warnings; a refusal is said apart."""
    return [
        _wrapped(f"Warning: {printable(finding['sentence'])}")
        for finding in facts["findings"]
        if finding["level"] == "warn"
    ]


def _wrapped(text: str) -> str:
    return tables.folded(text, min(tables.width(), COLUMNS))
