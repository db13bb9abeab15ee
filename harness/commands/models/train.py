"""`crossnets train`: one run in this process, shown epoch by epoch."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from harness.commands.arguments import StoreFolder, TableOrJson
from harness.commands.exit_codes import DONE, FAILED
from harness.definition.options import AnyDevice


@dataclass(frozen=True, kw_only=True)
class Train:
    """One run in this process, without Ray: a preset, or a trial again."""

    source: Annotated[str | None, arg(name="from", metavar="NAME/TRIAL")] = None
    """Trial of a search to repeat, up to the epoch that it reached."""
    data: str | None = None
    """synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR, msra:DIR or folder:DIR; default: synthetic."""
    split: str | None = None
    """Such as person or block; default: the data's own."""
    unlabelled: str | None = None
    """Frames without labels: DIR[@CAMERA] or test:SHARE."""
    poses: str | None = None
    """Poses for the VAE: .npy of [poses, joints, 3], mm."""
    skip_missing: bool = False
    """Leave out frames whose image or label is missing."""
    init: Annotated[str | None, arg(metavar="MODEL")] = None
    """Where the joint stage starts: a model, published:DIR."""
    preset: str | None = None
    """paper, small, tiny; +recipe, +posterior_only, +gan, +smoothness; default: small."""
    set: tuple[str, ...] = ()
    """Changes to the preset; names: crossnets fields."""
    test: bool = False
    """Show the error on the test split too."""
    out: Annotated[str | None, arg(metavar="DIR")] = None
    """Folder for checkpoints, from which the same command goes on."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    device: AnyDevice = "auto"
    """Where it runs; auto: the cpu, with --from what the trial was trained on."""
    format: TableOrJson = "table"
    """How the answer is printed."""


def run(options: Train) -> int:
    """Train, then print the last figures; with `--from`, compare them too."""
    from cnets.data.opening import SKIP, with_wish
    from harness import repeat
    from harness.commands.printing import hints, messages, training

    again, device = None, None if options.device == "auto" else options.device
    if options.source is not None:
        _check_again(options)
        again = repeat.stored(options.store, options.source)
        wanted = repeat.of_trial(again, options.source, device=device)
    else:
        wanted = repeat.of_preset(
            options.preset or "small",
            options.set,
            spec=with_wish(options.data or "synthetic", SKIP, options.skip_missing),
            split=options.split,
            unlabelled=options.unlabelled,
            poses=options.poses,
            cache=Path(options.store) / "cache",
            device="cpu" if device is None else device,
            init=options.init,
            test=options.test,
        )
    messages.notes(wanted.notes)
    with _folder(options.out) as folder:
        reports = repeat.train(
            wanted.config,
            wanted.data,
            folder=folder,
            until=wanted.until,
            device=wanted.device,
            init=wanted.init,
            rows=wanted.rows,
            test=options.test,
        )
        last = training.watch(reports)
    training.show(last, options.format)
    if again is None:
        kept = options.out is not None
        words = ("export", options.out or "", "--out", "MODEL") if kept else ()
        hints.tell(training.answer(last, is_kept=kept), *words, style=options.format)
        return DONE
    messages.note(training.comparison(again, last))
    return DONE if repeat.agrees(again, last) else FAILED


def _check_again(options: Train) -> None:
    """Refuse what would change a trial that is to be repeated.

    Raises:
        ValueError: If `--from` stands beside an option of a new run.
    """
    for name in (
        "data",
        "split",
        "unlabelled",
        "poses",
        "skip_missing",
        "init",
        "preset",
        "set",
    ):
        if value := getattr(options, name):
            raise ValueError(
                f"`--{name.replace('_', '-')}` must be left out with `--from`, which repeats a trial as "
                f"it was, got {value!r}."
            )


@contextmanager
def _folder(out: str | None) -> Iterator[Path]:
    """Where checkpoints go: the folder asked for, or one that is removed."""
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory(prefix="crossnets-train-") as made:
        yield Path(made)
