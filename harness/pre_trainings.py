"""How often a search trains what comes before the joint stage, and what of it is shared.

A pre-training is trained once for all trials that agree in the fields of its key. Where
trials wait, a proposal takes over the settings of one that there is as often as it is a
share of what the trial costs, so that pre-trainings never cost more than what follows
them.
"""

import math
from collections.abc import Mapping

from cnets.training import schedule
from cnets.training.sharing import stage_keys
from harness.definition import spaces
from harness.definition.reuse import Reuse
from harness.prepare import Prepared
from search_spaces import OneOf, Real, Space


UPDATE = {"vae": 0.02, "gan": 0.3, "warm_up": 0.4, "joint": 1.0}
"""What an update of a stage takes beside one of the joint stage, roughly: `plan`
measures 0.04, 0.42 and 0.38 at the preset tiny, 0.02, 0.40 and 0.45 at small, and
0.0002, 0.18 and 0.29 at paper."""


def reuse(prepared: Prepared) -> tuple[Reuse, ...]:
    """The pre-trainings whose settings are searched, and how often they are taken over."""
    if not (prepared.options.waits and prepared.options.share_stages):
        return ()
    base, data, rungs = prepared.base, prepared.data, prepared.options.rungs()

    def cost(stage: str, epochs: float) -> float:
        return epochs * schedule.steps_an_epoch(base, stage, data) * UPDATE[stage]

    follows = cost("joint", rungs.epochs_a_trial)
    if prepared.init is None:
        follows += cost("warm_up", base.joint.warm_up_epochs)
    found = []
    for stage in shared(prepared):
        names = stage_keys.FIELDS[stage]
        fields = tuple(n for n in prepared.space.parameters if n in names)
        own = tuple(name for name in fields if name != spaces.RATIO)
        if own:
            paid = cost(stage, schedule.epochs_of(base, stage))
            found.append(
                Reuse(
                    stage=stage,
                    fields=own,
                    share=paid / (paid + follows),
                    of_a_ratio=spaces.RATIO in names,
                )
            )
    return tuple(found)


def count(prepared: Prepared, trials: Mapping[float, int]) -> dict[str, int]:
    """How many products each shared stage is expected to have, over all trials.

    Only the fields of a stage's key count: with none of them in the space there
    is one product (of the VAE one a ratio). With a continuous one there is one a
    trial, or one for each trial that does not take over an earlier one.

    Args:
        prepared: The search.
        trials: How many trials there are, by labelled ratio.
    """
    found = dict.fromkeys(shared(prepared), 0)
    new = {part.stage: 1 - part.share for part in reuse(prepared)}
    for stage in found:
        kinds = _kinds(prepared.space, stage)
        parts = list(trials.values())
        if spaces.RATIO not in stage_keys.FIELDS[stage]:
            parts = [sum(parts)]
        found[stage] = sum(
            int(min(1 + round((part - 1) * new.get(stage, 1.0)), kinds))
            for part in parts
            if part
        )
    return found


def unshared(
    prepared: Prepared, trials: Mapping[float, int]
) -> dict[str, tuple[str, ...]]:
    """The stages that every trial has to train for itself, and why.

    Args:
        prepared: The search.
        trials: How many trials there are, by labelled ratio.

    Returns:
        By stage the searched parameters that its product depends on; the labelled
        ratio where nothing else differs.
    """
    total = sum(trials.values())
    found = {}
    for stage, products in count(prepared, trials).items():
        if total > 1 and products == total:
            fields = stage_keys.FIELDS[stage]
            searched = [name for name in prepared.space.parameters if name in fields]
            own = tuple(name for name in searched if name != spaces.RATIO)
            found[stage] = own or (spaces.RATIO,)
    return found


def shared(prepared: Prepared) -> list[str]:
    """The stages before the warm-up that a search has."""
    if prepared.init is not None:
        return []
    return [s for s in stage_keys.SHARED if schedule.epochs_of(prepared.base, s) > 0]


def _kinds(space: Space, stage: str) -> float:
    """Combinations of a stage's fields in a space, the ratio aside."""
    total = 1.0
    for name, parameter in space.parameters.items():
        if name == spaces.RATIO or name not in stage_keys.FIELDS[stage]:
            continue
        if isinstance(parameter, Real):
            return math.inf
        if isinstance(parameter, OneOf):
            total *= len(parameter.values)
        else:
            total *= parameter.high - parameter.low + 1
    return total
