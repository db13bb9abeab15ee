"""The rules that end a run, and what they find in the figures of its epochs.

A rule holds one figure of an epoch against a limit from below; it fires when
the figure was under the limit in each of the last epochs of a stage, as many as
its patience says, unless it rose with each of them. Numbers that are not finite
are one of the rules. Nothing here measures (`figures`) or needs torch; the last
epochs are kept in the lane.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cnets.config import TrainConfig
from cnets.findings import Finding


Figures = Mapping[str, float]
"""Terms, validation figures and health figures of one epoch, by name."""

RECOVERY = 0.05
"""Least rise in an epoch that counts as a recovery, as a share of the limit."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way to fail: a figure under a limit for some epochs."""

    name: str
    """What has happened when it fires."""
    state: Literal["diverged", "collapsed"]
    """How a trial ends that it fires on."""
    figure: str | None
    """Name of the figure; None is every figure there is."""
    limit: float
    """Smallest healthy value; minus infinity asks for a finite one only."""
    patience_epochs: int
    """Epochs of one stage, one after the other, before it fires."""
    stages: tuple[str, ...]
    """Stages that it looks at; empty is every one."""
    weights: tuple[str, ...]
    """Loss weights, one of which must be above 0 for it to hold; empty is none."""
    source: str
    """Where it comes from."""

    def broken(self, figures: Figures) -> str | None:
        """Name of the first figure that is under the limit or no finite number."""
        for name in figures if self.figure is None else (self.figure,):
            value = figures.get(name)
            if value is None:
                continue
            if not (math.isfinite(value) and value >= self.limit):
                return name
        return None


NOT_FINITE = Rule(
    name="no finite number",
    state="diverged",
    figure=None,
    limit=-math.inf,
    patience_epochs=1,
    stages=(),
    weights=(),
    source="Adam's averages never forget a number that is none.",
)
"""Holds for every figure, in every stage of every run."""

COLLAPSES = (
    Rule(
        name="posterior collapse",
        state="collapsed",
        figure="active_units",
        limit=0.0,
        patience_epochs=1,
        stages=(),
        weights=("pose_reconstruction",),
        source="Burda et al. 2016, arXiv:1509.00519, section 5.2",
    ),
    Rule(
        name="constant codes",
        state="collapsed",
        figure="code_spread_ratio",
        limit=0.0,
        patience_epochs=1,
        stages=("joint",),
        weights=("posterior",),
        source="Burda et al. 2016, arXiv:1509.00519, section 5.2: the variance "
        "over inputs, here of the codes that are read from images",
    ),
    Rule(
        name="mode collapse",
        state="collapsed",
        figure="image_spread_ratio",
        limit=0.0,
        patience_epochs=1,
        stages=("joint",),
        weights=("feature_matching", "depth_reconstruction", "smoothness"),
        source="Odena et al. 2017, arXiv:1610.09585, section 4.2: diversity of "
        "samples against that of the data; by distance, because MS-SSIM has five "
        "scales and these images are too small for them",
    ),
    Rule(
        name="saturated discriminator",
        state="collapsed",
        figure="adversarial_nats",
        limit=0.0,
        patience_epochs=1,
        stages=("joint",),
        weights=("adversarial",),
        source="Goodfellow et al. 2014, arXiv:1406.2661, section 3; Arjovsky and "
        "Bottou 2017, arXiv:1701.04862, section 2: a discriminator without error "
        "has no gradient",
    ),
)
"""The collapses, without limits and patience, which are the configuration's.

The limits were set from runs on synthetic hands at 32 px (presets `tiny` and
`small`, ratios 0.02 to 1, learning rates down to the search space's least) and
from the authors' NYU networks on rendered NYU poses at 128 px:

    figure              healthy        limit   runs made to fail
    active_units        20 of 20       1       0 (losses.kl 1e3); 7 at 1e2
    code_spread_ratio   0.66 to 0.96   0.1     1e-7 (crops without a hand)
    image_spread_ratio  0.25 to 1.00   0.1     0 (gan.learning_rate 1)
    adversarial_nats    0.22 to 1.05   1e-4    4e-5 (losses.adversarial 100, the
                                               generator's terms nearly off),
                                               1e-10 (joint.learning_rate 1)

The limit of `adversarial_nats` lies that low on purpose. A wrong verdict then
has a probability of 5e-5, so the discriminator's gradient is 1e-4 of that at
chance; but runs at 3e-4 had joint errors as good as healthy ones.
"""


def of_run(config: TrainConfig) -> tuple[Rule, ...]:
    """The rules of a run, most fundamental first.

    A collapse whose limit is 0 is left out, and so is one of something that the
    run does not train: without a weight for the generator, no mode collapse.

    Args:
        config: Gives limits, patience and weights.
    """
    limits, weights = vars(config.health), vars(config.losses)
    found = [NOT_FINITE]
    for rule in COLLAPSES:
        assert rule.figure is not None
        limit = float(limits[rule.figure])
        if limit > 0 and any(weights[name] > 0 for name in rule.weights):
            frozen = rule.figure == "active_units"  # the VAE, once it is measured
            patience = 1 if frozen else config.health.patience_epochs
            found.append(replace(rule, limit=limit, patience_epochs=patience))
    return tuple(found)


def verdict(
    history: Sequence[Figures], stage: str, rules: Sequence[Rule]
) -> Finding | None:
    """The first rule that fires after an epoch, or None.

    Args:
        history: Epochs of one stage, without a gap, the newest last; at least as
            many as the longest patience, or all there are.
        stage: Their stage.
        rules: In the order of precedence.
    """
    for rule in rules:
        recent = history[-rule.patience_epochs :]
        if rule.stages and stage not in rule.stages:
            continue
        if len(recent) < rule.patience_epochs:
            continue
        names = [rule.broken(figures) for figures in recent]
        name = names[-1]
        if not all(names) or name is None:
            continue
        values = [figures[name] for figures in recent]
        if not _recovering(values, rule.limit):
            return Finding(
                rule=rule.name,
                state=rule.state,
                figure=name,
                value=values[-1],
                limit=rule.limit,
                epochs=len(recent),
            )
    return None


def _recovering(values: Sequence[float], limit: float) -> bool:
    """Whether a figure rose with every epoch: a late start, and no collapse."""
    steps = [after - before for before, after in itertools.pairwise(values)]
    return len(steps) > 0 and min(steps) >= RECOVERY * limit


def not_finite(figures: Figures) -> Finding | None:
    """The first figure of an epoch that is no finite number."""
    return verdict([figures], "", [NOT_FINITE])
