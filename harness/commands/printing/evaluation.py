"""The figures of an evaluation as a table, JSON or CSV.

JSON is one object with every figure, the error of each joint in the order of
`joints` and, but for `--vae`, the curve of shares at each whole millimetre. CSV
has one row a figure (`figure,joint,value`); `joint` is empty but in
`per_joint_mm`. Nothing is measured here; see `harness/evaluate.py`.
"""

from collections.abc import Callable

from cnets import metrics
from harness.commands.printing import tables
from harness.definition.terminal import printable
from harness.evaluation import Evaluation


LABELS = {
    "mean_joint_error_mm": "mean joint error",
    "median_joint_error_mm": "median joint error",
    **{
        f"p{percent}_joint_error_mm": f"joint error, {percent}th percentile"
        for percent in metrics.PERCENTILES
    },
    "worst_joint_error_mm": "worst joint of a frame, mean",
    **{
        f"frames_within_{limit_mm}mm": f"frames with all joints within {limit_mm} mm"
        for limit_mm in metrics.WITHIN_MM
    },
    "area_under_curve_80mm": "area under their curve, 0 to 80 mm",
    "vae_round_trip_mm": "VAE round trip, all joints",
    "vae_round_trip_evaluated_mm": "VAE round trip, evaluated joints",
    "mean_pose_mm": "mean pose at the root, evaluated joints",
}
"""What a person reads for a figure, in the order of the table."""


def shown(done: Evaluation, style: str) -> str:
    """The figures as text in one of the formats.

    Args:
        done: What was measured.
        style: `table`, `json` or `csv`.
    """
    ways: dict[str, Callable[[Evaluation], str]] = {
        "table": _drawn,
        "json": _json,
        "csv": _csv,
    }
    return ways[style](done)


def answer(done: Evaluation, *, is_drawn: bool) -> str:
    """The first figure in words, and how to see more.

    Args:
        done: What was measured.
        is_drawn: Whether the curve was drawn.
    """
    name, value = next((n, done.figures[n]) for n in LABELS if n in done.figures)
    text = f"{LABELS[name]} {value:.2f} mm over {len(done.errors)} frames"
    return text if is_drawn else f"{text}; --plot PNG draws the curve"


def _json(done: Evaluation) -> str:
    curve = {} if "vae_round_trip_mm" in done.figures else {"curve": done.curve()}
    values = {
        "evaluated": done.source,
        "data": done.data,
        "frames": len(done.errors),
        "not_scored": done.not_scored,
        **done.figures,
        "threshold_bonus_mm": done.bonus_mm,
        "joints": list(done.joints),
        "per_joint_mm": metrics.per_joint(done.errors),
        **curve,
    }
    return tables.as_json(values)


def _csv(done: Evaluation) -> str:
    rows = [("frames", "", float(len(done.errors)))]
    rows.append(("not_scored", "", float(done.not_scored)))
    rows += [(name, "", value) for name, value in done.figures.items()]
    each = zip(done.joints, metrics.per_joint(done.errors), strict=True)
    rows += [("per_joint_mm", joint, value) for joint, value in each]
    names = ("figure", "joint", "value")
    return tables.show([dict(zip(names, row, strict=True)) for row in rows], "csv")


def _drawn(done: Evaluation) -> str:
    figures = []
    for name, label in LABELS.items():
        if name in done.figures:
            value = done.figures[name]
            text = f"{value:8.3f} mm" if name.endswith("_mm") else f"{value:9.4f}"
            figures.append({"figure": label, "value": text})
    if done.bonus_mm:
        text = f"{done.bonus_mm:+8.1f} mm"
        figures.append({"figure": "added to every threshold", "value": text})
    each = zip(done.joints, metrics.per_joint(done.errors), strict=True)
    joints = [{"joint": joint, "mean error": f"{v:8.3f} mm"} for joint, v in each]
    # Not a table's title, which would be folded to the table's width.
    title = f"{done.source} on {done.data}: {len(done.errors)} frames"
    if done.not_scored:
        total = len(done.errors) + done.not_scored
        title += (
            f", {done.not_scored} of {total} not scored (no hand seen, or no label)"
        )
    return "\n".join(
        [
            printable(title),
            tables.show(figures, "table"),
            tables.show(joints, "table", "Each joint"),
        ]
    )
