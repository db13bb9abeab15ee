"""The policies that can be compared, by name.

crossnets             ours: waiting trials, an end game, proposals of the model
crossnets_random      the same with random proposals
crossnets_tpe         the same with Optuna's TPE
crossnets_stop        ours until trials were paused: TPE, a third random, stopping
random_asha           random; Ray's own bracket; what is not finite ends
random_asha_promote   random; promoting successive halving, written in `halving`
ray_stock             Optuna's TPE told as Ray's `OptunaSearch` tells it; Ray's
                      own bracket; what is not finite goes on, as it does there
optuna_tpe_asha       Optuna's TPE with its `SuccessiveHalvingPruner`
hyperband             Optuna's random sampler with its `HyperbandPruner`
bohb                  Optuna's TPE with its `HyperbandPruner`, which is how Optuna
                      does BOHB; the original needs packages that are not pinned
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from harness.definition.rungs import Rungs
from harness.driver.deciding import deciders
from harness.driver.deciding.rules import Decider
from harness.replay.curves import Curves
from harness.replay.halving import RandomPeer


PEER_ETA = 4
"""One in so many goes on, as is Ray's and Optuna's default."""

OUR_ETA, OUR_FACTOR = 4.0, 2.0
"""Ours: one in so many goes on, and the spacing of the rungs."""

STOP_ETA = 3.0
"""What the stopping rule had by default."""


@dataclass(frozen=True)
class Setting:
    """One search that is to be played."""

    curves: Curves
    budget: int
    """In full trainings."""
    grace: int
    """Epoch of the first rung."""
    seed: int


def _ours(scheduler: deciders.Scheduling, sampler: deciders.Sampler) -> "Make":
    def make(setting: Setting) -> Decider:
        curves, is_stop = setting.curves, scheduler == "stop"
        rungs = Rungs(
            setting.grace,
            STOP_ETA if is_stop else OUR_ETA,
            curves.epochs,
            STOP_ETA if is_stop else OUR_FACTOR,
        )
        return deciders.make(
            scheduler,
            sampler,
            rungs=rungs,
            space=curves.space,
            ratios=curves.ratios,
            seed=setting.seed,
            # The stopping rule counts trials: more than the budget has room for.
            trials=setting.budget * curves.epochs if is_stop else None,
            budget_epochs=setting.budget * curves.epochs,
        )

    return make


def _random(*, stops: bool) -> "Make":
    def make(setting: Setting) -> Decider:
        rungs = Rungs(setting.grace, PEER_ETA, setting.curves.epochs)
        return RandomPeer(
            setting.curves.space,
            setting.curves.ratios,
            setting.seed,
            rungs,
            stops=_bracket(setting) if stops else None,
        )

    return make


def _bracket(setting: Setting) -> Callable[[], Callable[[str, int, float], bool]]:
    from harness.cluster.ray_bracket import RayBracket

    epochs = setting.curves.epochs
    return lambda: RayBracket(setting.grace, epochs, PEER_ETA).goes_on


def _optuna(sampler: str, rule: str) -> "Make":
    def make(setting: Setting) -> Decider:
        from harness.driver.peers import optuna_peer

        epochs = setting.curves.epochs
        pruners = {
            "halving": lambda: optuna_peer.halving(setting.grace, PEER_ETA),
            "hyperband": lambda: optuna_peer.hyperband(setting.grace, epochs, PEER_ETA),
        }
        samplers = {"tpe": optuna_peer.tpe, "random": optuna_peer.random}
        return optuna_peer.OptunaPeer(
            setting.curves.space,
            setting.curves.ratios,
            epochs,
            sampler=lambda: samplers[sampler](setting.seed),
            pruner=pruners.get(rule),
            scheduler=_bracket(setting) if rule == "ray" else None,
        )

    return make


Make = Callable[[Setting], Decider]
"""Makes a decider that was told nothing so far."""

POLICIES: dict[str, Make] = {
    "crossnets": _ours("pause", "model"),
    "crossnets_random": _ours("pause", "random"),
    "crossnets_tpe": _ours("pause", "tpe"),
    "crossnets_stop": _ours("stop", "tpe"),
    "random_asha": _random(stops=True),
    "random_asha_promote": _random(stops=False),
    "ray_stock": _optuna("tpe", "ray"),
    "optuna_tpe_asha": _optuna("tpe", "halving"),
    "hyperband": _optuna("random", "hyperband"),
    "bohb": _optuna("tpe", "hyperband"),
}
"""What makes a policy, by name."""


def rung(curves: Curves, grace_percent: float) -> int:
    """The first rung as an epoch.

    Args:
        curves: A task.
        grace_percent: Share of its length, above 0 and at most 100.
    """
    if not (0 < grace_percent <= 100 and math.isfinite(grace_percent)):
        raise ValueError(
            f"`grace` must be above 0 and at most 100 percent, got {grace_percent}."
        )
    return max(1, min(curves.epochs, round(grace_percent / 100 * curves.epochs)))
