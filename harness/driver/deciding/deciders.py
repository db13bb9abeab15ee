"""The decider of a search, by the names of its rules."""

from collections.abc import Sequence
from typing import Literal

from harness.definition.reuse import Reuse
from harness.definition.rungs import Rungs
from harness.driver.deciding.pausing import PausingDecider
from harness.driver.deciding.proposals import Proposals, Sampler
from harness.driver.deciding.rules import Decider
from harness.driver.deciding.stopping import StoppingDecider
from search_spaces import Space


Scheduling = Literal["pause", "stop"]
"""What happens to a trial that a rung holds back."""


def make(
    scheduler: Scheduling,
    sampler: Sampler,
    *,
    rungs: Rungs,
    space: Space,
    ratios: Sequence[float],
    seed: int,
    trials: int | None,
    budget_epochs: float | None = None,
    reuse: Sequence[Reuse] = (),
) -> Decider:
    """A decider that was told nothing so far.

    Args:
        scheduler: `pause`, or `stop` as in searches before there was a choice.
        sampler: Who proposes where trials are paused; where they are stopped TPE does,
            with a third of random trials.
        rungs: Where trials are compared.
        space: What may vary.
        ratios: Labelled ratios.
        seed: Seed of proposals.
        trials: Most trials to propose; None has no bound, for `pause` with a budget.
        reuse: Pre-trainings whose settings `pause` takes over now and then.
        budget_epochs: What `pause` may spend; default: what `trials` are worth.
    """
    if scheduler == "stop":
        return StoppingDecider(rungs, space, ratios, seed, trials or 0)
    proposals = Proposals(space, ratios, seed, sampler, reuse)
    decider = PausingDecider(rungs, ratios, proposals)
    if trials is not None:
        decider.want(trials)
    if budget_epochs is not None:
        decider.budget_epochs = budget_epochs
    return decider
