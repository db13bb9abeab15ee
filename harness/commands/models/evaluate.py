"""`crossnets evaluate`: print the papers' metrics, and draw their curve."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE
from harness.definition.options import Device
from harness.definition.terminal import printable


if TYPE_CHECKING:
    from harness.evaluation import Evaluation

Part = Literal["train", "validation", "test", "all"]
"""What `--part` takes."""

Unit = Literal["uvd", "xyz"]
"""What `--unit` takes."""


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """The metrics of the papers: of a predictions file, or of a model."""

    predictions: Positional[Annotated[str | None, arg(metavar="PREDICTIONS")]] = None
    """A line a frame: [NAME] u v d of each evaluated joint; or what predict wrote."""
    data: str
    """Labels: nyu:DIR, icvl:DIR or msra:DIR; with --model any data set."""
    vae: Annotated[str | None, arg(metavar="MODEL")] = None
    """Encode and decode the labels with this model's VAE instead."""
    model: Annotated[str | None, arg(metavar="MODEL")] = None
    """Predict from the frames with this model: DIR or published:DIR."""
    part: Part = "validation"
    """With --model, the frames; all are those in which the hand was seen."""
    split: str | None = None
    """With --model, how frames are split; default: the data's own."""
    unlabelled: str | None = None
    """With --model, test:SHARE as it was trained: those frames are left out."""
    unit: Unit = "uvd"
    """What PREDICTIONS holds: uvd (pixels and mm) or xyz (mm, y up)."""
    half_millimetre: bool = False
    """Add 0.5 mm to every threshold, as the authors' code does."""
    plot: Annotated[str | None, arg(metavar="PNG")] = None
    """Picture of the share of frames over the threshold."""
    store: StoreFolder = "runs"
    """Folder of the store, which also holds the prepared data."""
    device: Device = "cpu"
    """Where it runs."""
    format: Format = "table"
    """How the answer is printed."""


def run(options: Evaluate) -> int:
    """Measure, draw if asked to, then print."""
    from harness.commands.printing import evaluation, hints, messages, plots

    _check(options)
    if options.plot is not None:
        plots.check(Path(options.plot))
    done = _measured(options)
    if options.plot is not None:
        name, path = Path(done.source).name, Path(options.plot)
        plots.success_curve(path, done.plotted, name, bonus_mm=done.bonus_mm)
        messages.note(printable(f"{options.plot}: the curve of {name}."))
    messages.answer(evaluation.shown(done, options.format))
    hints.tell(
        evaluation.answer(done, is_drawn=bool(options.plot)), style=options.format
    )
    return DONE


def _check(options: Evaluate) -> None:
    """Refuse what is wrong before anything is read.

    Raises:
        ValueError: If an option has a value that it does not take.
    """
    given = [options.predictions, options.vae, options.model]
    if sum(value is not None for value in given) != 1:
        count = sum(value is not None for value in given) or "none"
        raise ValueError(
            f"evaluate needs one of PREDICTIONS, `--vae` and `--model`, got {count}."
        )


def _measured(options: Evaluate) -> "Evaluation":
    """The figures of what was named: predictions, a VAE or a model."""
    from cnets import metrics
    from harness import evaluate
    from harness.commands.printing import bars

    bonus_mm = metrics.HALF_MM if options.half_millimetre else 0.0
    if options.vae is not None:
        return evaluate.of_vae(options.vae, options.data, bonus_mm=bonus_mm)
    if options.model is not None:
        with bars.preparation() as progress, bars.bar("Predicting") as predicting:
            return evaluate.of_model(
                options.model,
                options.data,
                part=options.part,
                split=options.split,
                unlabelled=options.unlabelled,
                store=Path(options.store),
                device=options.device,
                bonus_mm=bonus_mm,
                progress=progress,
                predicting=predicting,
            )
    assert options.predictions is not None
    return evaluate.of_predictions(
        Path(options.predictions),
        options.data,
        unit=options.unit,
        bonus_mm=bonus_mm,
    )
