"""Who paid for a pre-training: a sentence for the log, and the counts of a search.

The sentence is the `reason` of an event `stage`. Neither torch nor Ray is loaded.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


_SENTENCE = re.compile(
    r"(?P<stage>vae|gan) (?P<short>[0-9a-f]{8}): "
    r"(?:trained here|reused, trained by (?P<payer>[\w./-]+))"
)


@dataclass(frozen=True, kw_only=True)
class StageNote:
    """How a run came by the product of a stage."""

    stage: str
    """`vae` or `gan`."""
    short: str
    """First eight digits of the product's key."""
    payer: str | None = None
    """Trial that trained it; None is the run itself."""

    @property
    def sentence(self) -> str:
        """Such as `vae 3f2a91c0: reused, trained by t-00001`."""
        how = (
            "trained here" if self.payer is None else f"reused, trained by {self.payer}"
        )
        return f"{self.stage} {self.short}: {how}"


def read(sentence: str) -> StageNote | None:
    """The note that a sentence says; None for any other sentence."""
    found = _SENTENCE.fullmatch(sentence)
    return None if found is None else StageNote(**found.groupdict())


def counts(events: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """Pre-trainings that the trials of a search ran, and those they reused.

    A trial that was resumed may have said the same twice, and counts once.

    Args:
        events: Trial and reason of every event `stage`.
    """
    noted = {(trial, read(reason)) for trial, reason in events}
    every = [note for _, note in noted if note is not None]
    run = sum(note.payer is None for note in every)
    return run, len(every) - run
