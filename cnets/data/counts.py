"""How many frames a data set has, of which kinds: counted before work begins.

Every frame is counted once: in a split, as unlabelled, or as dropped with a reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cnets.data import units
from cnets.data.hand_data import HandData
from cnets.data.splits import UNLABELLED, UNUSED


CENTRES = {
    "labels": "from the labels",
    "depth": "found in the frames",
    "file": "from a file",
    "file and labels": "from a file and from the labels",
}
"""Where `HandData.centres` says that centres come from, in words."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Frames of a data set; `train` to `dropped` together are all of them."""

    frames: int
    """All that there are, also those that were left out."""
    labels: int
    """Frames with a label, whatever they are for."""
    train: int
    """Frames with a label to train on."""
    validation: int
    test: int
    unlabelled: int
    """Frames for the GAN alone: train's without a label, hidden and extra ones."""
    dropped: Mapping[str, int]
    """Frames that nothing uses, by why."""
    centres: str
    """Where the centres of the crops come from, in words."""

    def sentence(self) -> str:
        """All of it on one line."""
        gone = sum(self.dropped.values())
        why = ", ".join(f"{count} {reason}" for reason, count in self.dropped.items())
        return (
            f"{self.frames} frames, {self.labels} labels; train {self.train}, "
            f"validation {self.validation}, test {self.test}, unlabelled "
            f"{self.unlabelled}, dropped {gone}{f' ({why})' if gone else ''}; crop centres "
            f"{self.centres}"
        )


def of(data: HandData) -> Counts:
    """The counts of a data set."""
    known = data.has_label
    train = known[data.rows("train")]
    validation, test = len(data.rows("validation")), len(data.rows("test"))
    extra = len(data.unlabelled) - len(data.unlabelled_empty)
    extra += int((data.split == UNLABELLED).sum())
    dropped = {why: count for why, count in data.dropped.items() if count}
    used = len(train) + validation + test + extra
    return Counts(
        frames=used + sum(dropped.values()),
        labels=int(known.sum()),
        train=int(train.sum()),
        validation=validation,
        test=test,
        unlabelled=int((~train).sum()) + extra,
        dropped=dropped,
        centres=CENTRES[data.centres],
    )


def check_any(data: HandData) -> Counts:
    """The counts of a set of which something can be used.

    Raises:
        ValueError: If no frame is in a split; the sentence says why.
    """
    found = of(data)
    if not (data.split != UNUSED).any():
        raise ValueError(
            f"`data` must have a frame that can be used, and {data.name} has none: "
            f"{found.sentence()}{_why(data)}."
        )
    return found


def check(
    data: HandData, *, ratios: Iterable[float] = (), test: bool = False
) -> tuple[str, ...]:
    """Refuse a set that cannot be trained on; else say what it has.

    Args:
        data: The set.
        ratios: Shares of the training labels that will be used, each in (0, 1].
        test: Whether the test split is needed too.

    Returns:
        Lines to be said: frames, labels, splits, what was dropped and labels at each
        ratio in the first; then what was taken for granted, such as a guessed camera.

    Raises:
        ValueError: If a frame to train on, its label, a validation frame, or one for
            test where it is needed is lacking, or a ratio gives no label.
    """
    found = check_any(data)
    needed = {
        "frame to train on": found.train + found.unlabelled,
        "label to train on": found.train,
        "validation frame": found.validation,
        "test frame": found.test if test else 1,
    }
    for what, count in needed.items():
        if not count:
            raise ValueError(
                f"`data` must have a {what}, and {data.name} has none: "
                f"{found.sentence()}{_why(data)}."
            )
    given: dict[float, int] = {}
    for ratio in ratios:
        given[ratio] = len(data.labelled(ratio, 0))
    share = ", ".join(f"{count} at {ratio:g}" for ratio, count in given.items())
    line = f"data: {found.sentence()}" + (f"; labels used: {share}" if share else "")
    lines = [line, *data.notes]
    if test and (lost := data.lost.get("test", 0)):
        lines.append(
            f"{lost} of {lost + found.test} test frames are not scored: no hand seen, or "
            "no label."
        )
    return tuple(lines)


def _why(data: HandData) -> str:
    """The likely cause, if in most frames no hand was seen."""
    files = [path for path in data.files if path.suffix.lower() in (".png", ".bin")]
    if not files or 2 * data.empty <= len(data.split):
        return ""
    return f"; {units.cause(units.nearest(files))}"
