"""The success curve: share of frames over the threshold, as a PNG file.

The line is the step function itself, a step a frame, not a sample of it at a few
thresholds. Matplotlib is loaded when a picture is drawn, without its global state.
The numbers come from `cnets/metrics.py`.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from cnets import metrics
from cnets.inference import pictures
from harness.definition.terminal import printable


if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_INCHES = (8.0, 5.4)
DOTS_PER_INCH = 160

INK, FAINT, LINE = "#1b1f24", "#d5d9de", "#0b5cad"
"""Colours of text, grid and curve; the curve has 6.6:1 contrast on white."""

NAME_CHARACTERS = 30
"""Longest name in the legend; of a longer one the end is kept."""


def check(path: Path) -> None:
    """Refuse a picture that could not be written, before anything is computed.

    Raises:
        ValueError: If it is no PNG file in a folder that exists.
    """
    pictures.check_png(path, "--plot")


def success_curve(
    path: Path, errors: metrics.Errors, name: str, *, bonus_mm: float = 0.0
) -> None:
    """Draw the share of frames whose worst joint is within each threshold.

    Args:
        path: The PNG file to write.
        errors: At least one frame.
        name: What was evaluated, for the legend.
        bonus_mm: Added to every threshold; said below the picture if not 0.

    Raises:
        ValueError: If the file cannot be written.
    """
    check(path)
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"font.size": 13, "text.color": INK, "text.parse_math": False}):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _frame(axes, bonus_mm)
        _curve(axes, errors, bonus_mm)
        _marks(axes, errors, bonus_mm)
        _legend(axes, errors, name, bonus_mm)
        figure.set_dpi(DOTS_PER_INCH)
        try:
            with warnings.catch_warnings():  # a box stands for what the font lacks
                warnings.filterwarnings("ignore", "Glyph .* missing from font")
                canvas.print_png(str(path))
        except OSError as error:
            raise ValueError(f"{path} cannot be written: {error.strerror}.") from error


def steps(
    errors: metrics.Errors, bonus_mm: float = 0.0
) -> tuple[list[float], list[float]]:
    """The corners of the curve: where it rises, and to which share.

    Args:
        errors: At least one frame.
        bonus_mm: Added to every threshold.

    Returns:
        Thresholds from 0 to `metrics.CURVE_MM`, ascending, and the share of
        frames from each one up to the next.
    """
    rises = (metrics.worst_joint(errors.double()) - bonus_mm).sort().values
    rises = rises[~rises.isnan()]  # such frames are within no threshold
    inside = rises[(rises > 0) & (rises < metrics.CURVE_MM)].unique()
    limits = torch.tensor([0.0, *inside.tolist(), metrics.CURVE_MM]).to(rises)
    shares = torch.searchsorted(rises, limits, right=True).double() / len(errors)
    return limits.tolist(), shares.tolist()


def _frame(axes: "Axes", bonus_mm: float) -> None:
    """Axes, grid and what they mean."""
    axes.set_xlim(0, metrics.CURVE_MM)
    axes.set_ylim(0, 1)
    axes.set_xticks(range(0, metrics.CURVE_MM + 1, 10))
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", "20", "40", "60", "80", "100"])
    axes.grid(color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.tick_params(colors=INK, length=4, labelsize=13)
    added = f" (+ {bonus_mm:g} mm)" if bonus_mm else ""
    axes.set_xlabel(f"Threshold on the worst joint{added}, mm", color=INK, labelpad=8)
    axes.set_ylabel("Frames with every joint within, %", color=INK, labelpad=8)


def _curve(axes: "Axes", errors: metrics.Errors, bonus_mm: float) -> None:
    """The line, and its area."""
    limits_mm, shares = steps(errors, bonus_mm)
    axes.plot(limits_mm, shares, color=LINE, linewidth=2.4, drawstyle="steps-post")
    axes.fill_between(
        limits_mm, shares, step="post", color=LINE, alpha=0.08, linewidth=0
    )


def _marks(axes: "Axes", errors: metrics.Errors, bonus_mm: float) -> None:
    """The thresholds that papers report, with their shares."""
    figures = metrics.summary(errors, bonus_mm=bonus_mm)
    for limit_mm in metrics.WITHIN_MM:
        share = figures[f"frames_within_{limit_mm}mm"]
        reach = {"color": INK, "linewidth": 1.1, "linestyle": (0, (4, 3))}
        axes.plot([limit_mm, limit_mm, 0], [0, share, share], **reach)
        axes.plot(
            limit_mm, share, "o", color=LINE, markersize=8, markeredgecolor="white"
        )
        down = 6 if share < 0.9 else 14
        # Below a low point are the axis's numbers; the upper left is always free.
        low = share < 0.15
        axes.annotate(
            f"{share:.1%} within {limit_mm} mm",
            (limit_mm, share),
            xytext=(4, 6) if low else (10, -down),
            textcoords="offset points",
            ha="right" if low else "left",
            va="bottom" if low else "top",
            color=INK,
            fontsize=13,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2, "alpha": 0.85},
        )


def _legend(axes: "Axes", errors: metrics.Errors, name: str, bonus_mm: float) -> None:
    """Name and mean error, in the corner that the curve leaves free."""
    mean_mm, shown = float(errors.double().mean()), printable(name)
    if len(shown) > NAME_CHARACTERS:
        shown = f"\N{HORIZONTAL ELLIPSIS}{shown[1 - NAME_CHARACTERS :]}"
    middle = torch.tensor([metrics.CURVE_MM / 2])
    high = float(metrics.curve(errors, middle, bonus_mm=bonus_mm)) > 0.5
    # The line is handed over: a label that begins with `_` would be passed over.
    axes.legend(
        axes.lines[:1],
        [f"{shown}\nmean joint error {mean_mm:.2f} mm"],
        loc="lower right" if high else "upper left",
        frameon=True,
        framealpha=1.0,
        edgecolor="none",
    ).set_zorder(5)
