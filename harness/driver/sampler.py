"""What to try next: a pure function of space, seed, number and history.

Nothing is kept between proposals. Each call builds an Optuna study in memory
from the history, asks it once with a sampler seeded by (seed, number), and
forgets it: the same log gives the same proposal, on any machine. Values that
our own space has made are neither checked nor copied again on their way into
the study, which took four times as long as the question itself.

Who proposes. Ratios take turns. The first trial at each ratio is the space's
start; of the others at a ratio every third is drawn at random (in a search
with early stopping a third of random draws recovers about half of what the
model loses to misleading early values), and so is every trial until `STARTUP`
have ended; the rest comes from TPE.

The labelled ratio is a context. More labels always help, so raw errors would
call every trial at a low ratio bad. One study learns from all ratios, from
log(value / median of the same ratio at the same step). A trial is compared
with what is usual where it was run, and the ratio itself is not searched.

What the study is told:

    completed            COMPLETE with the relative value at its last step
    stopped              PRUNED with the relative value at its last step; TPE
                         ranks these behind the completed, the longer first
    diverged, collapsed  PRUNED without a value, which TPE ranks last of all:
                         always among the bad. FAIL would be ignored, and a
                         penalty at its step would rank a trial that diverged
                         late before one that was stopped early
    crashed, cancelled   FAIL: its place is ignored, as the machine failed and not
                         the values; its reports still say what is usual
    pending, running     RUNNING: counted among the bad until they end
                         (constant liar), so that parallel proposals differ
"""

import functools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import optuna
from optuna import distributions, samplers, storages
from optuna.trial import FrozenTrial, TrialState

from search_spaces import OneOf, Parameter, Real, Space, Value, Whole


optuna.logging.set_verbosity(optuna.logging.WARNING)

RATIO = "labelled_ratio"
"""The field that is a context and is never proposed by a sampler."""

STARTUP = 4
"""Trials that must have ended with something to learn before TPE is asked."""

RANDOM_EVERY = 3
"""Of the trials at a ratio after the first, one in so many is random."""

TINY_MM = 1e-9
"""Stands for an error of 0 where a logarithm is taken."""

Origin = Literal["start", "random", "tpe"]
"""Where a proposal comes from."""

STATES: dict[str, TrialState] = {
    "pending": TrialState.RUNNING,
    "running": TrialState.RUNNING,
    "completed": TrialState.COMPLETE,
    "stopped": TrialState.PRUNED,
    "diverged": TrialState.PRUNED,
    "collapsed": TrialState.PRUNED,
    "crashed": TrialState.FAIL,
    "cancelled": TrialState.FAIL,
}
"""What Optuna calls the states of a trial."""

VALUED = ("completed", "stopped")
"""States whose trials have a value to learn from."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One trial to run."""

    trial: str
    """Its name, `t-00001` and so on."""
    number: int
    """Its place in the order of proposals, from 1."""
    ratio: float
    """Its labelled ratio."""
    values: Mapping[str, Value]
    """Every parameter of the space, and the ratio, by dotted name."""
    origin: Origin
    """Where the values come from."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What is known of one earlier trial."""

    trial: str
    """Its name."""
    number: int
    """Its place in the order of proposals, from 1."""
    ratio: float
    """Its labelled ratio."""
    values: Mapping[str, Value]
    """Every parameter of the space by dotted name."""
    state: str
    """One of `STATES`."""
    curve: tuple[tuple[int, float], ...] = ()
    """Step and error in mm of every report, in order."""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            known = ", ".join(STATES)
            raise ValueError(f"`state` must be one of {known}, got {self.state!r}.")
        if self.state == "completed" and self.last() is None:
            rule = "have a finite value where `state` is completed"
            raise ValueError(f"`curve` must {rule}, got {self.curve!r}.")

    def last(self) -> tuple[int, float] | None:
        """The last step with a finite value, and that value."""
        return self._last

    @functools.cached_property
    def _last(self) -> tuple[int, float] | None:
        return max((p for p in self.curve if math.isfinite(p[1])), default=None)


def propose(
    space: Space,
    ratios: Sequence[float],
    seed: int,
    number: int,
    history: Iterable[TrialRecord],
) -> Proposal:
    """The trial with that number.

    Args:
        space: What may vary.
        ratios: Labelled ratios that take turns, as `ratios_of` gives them.
        seed: Seed of the search, 0 or more.
        number: Place in the order of proposals, from 1.
        history: All trials with lower numbers, in any order.

    Returns:
        A proposal that depends on nothing but the arguments.

    Raises:
        ValueError: If `number` is below 1 or `ratios` is empty.
    """
    if not number >= 1:
        raise ValueError(f"`number` must be 1 or more, got {number}.")
    if not ratios:
        raise ValueError("`ratios` must name at least one ratio, got none.")
    turn, place = divmod(number - 1, len(ratios))
    records = sorted(history, key=lambda record: record.number)
    ended = sum(_teaches(record) for record in records)
    # Staggered, so that the random ones do not all fall on one ratio.
    drawn = (turn + place) % RANDOM_EVERY == 0 or ended < STARTUP
    origin: Origin = "start" if turn == 0 else "random" if drawn else "tpe"
    values = dict(space.start)
    if origin != "start":
        values |= _ask(space, records if origin == "tpe" else [], origin, seed, number)
    ratio = ratios[place]
    return Proposal(
        trial=name_of(number),
        number=number,
        ratio=ratio,
        values=values | {RATIO: ratio},
        origin=origin,
    )


def name_of(number: int) -> str:
    """The name of the trial with that number: 1 is `t-00001`."""
    return f"t-{number:05d}"


def ratios_of(space: Space, wanted: Sequence[float] | None = None) -> tuple[float, ...]:
    """The labelled ratios of a search, each once, smallest first.

    Args:
        space: What may vary.
        wanted: The ratios to keep; None keeps the space's. A space that does
            not vary the ratio takes any.

    Raises:
        ValueError: If `wanted` names a ratio that the space does not have, or
            neither names one.
    """
    parameter = space.parameters.get(RATIO)
    if parameter is None:
        if not wanted:
            rule = f"given where the space does not vary `{RATIO}`"
            raise ValueError(f"`ratios` must be {rule}, got none.")
        return tuple(sorted(set(wanted)))
    if not isinstance(parameter, OneOf):
        rule = f"a choice (one_of) where a space varies it, got {parameter}"
        raise ValueError(f"`{RATIO}` must be {rule}.")
    known = [float(value) for value in parameter.values]
    for ratio in wanted or ():
        if ratio not in known:
            shown = ", ".join(map(str, known))
            raise ValueError(f"`ratios` must be among {shown}, got {ratio}.")
    return tuple(sorted(set(wanted or known)))


def distribution(parameter: Parameter) -> distributions.BaseDistribution:
    """Optuna's name for a kind of parameter; both bounds stay inclusive."""
    match parameter:
        case Real(low, high, log):
            return distributions.FloatDistribution(low, high, log=log)
        case Whole(low, high, log):
            return distributions.IntDistribution(low, high, log=log)
        case OneOf(values):
            return distributions.CategoricalDistribution(values)


def relative(records: Sequence[TrialRecord]) -> dict[str, float]:
    """How each trial did against its own ratio, by name.

    Args:
        records: All trials; running ones help to say what is usual.

    Returns:
        log(value / median of all trials of the ratio at that step) at the last
        step with a finite value, for the trials that have one; 0 is usual,
        below 0 is better.
    """
    asked = {(r.ratio, last[0]) for r in records if (last := r.last()) is not None}
    steps: dict[float, list[int]] = {}
    for ratio, step in asked:  # few: most trials end at a rung or at the last step
        steps.setdefault(ratio, []).append(step)
    seen: dict[tuple[float, int], list[float]] = {pair: [] for pair in asked}
    for record in records:
        curve = dict(record.curve)
        for step in steps.get(record.ratio, ()):
            if math.isfinite(value := curve.get(step, math.nan)):
                seen[record.ratio, step].append(value)
    usual = {pair: statistics.median(values) for pair, values in seen.items()}
    return {
        record.trial: math.log(
            max(last[1], TINY_MM) / max(usual[record.ratio, last[0]], TINY_MM)
        )
        for record in records
        if (last := record.last()) is not None
    }


def told(
    records: Sequence[TrialRecord],
    kinds: dict[str, distributions.BaseDistribution],
) -> list[FrozenTrial]:
    """The history in Optuna's terms; see the table at the top of this file.

    Args:
        records: All trials.
        kinds: The parameters that are searched, by dotted name.

    Returns:
        One trial of Optuna's for each record, in their order.
    """
    scores = relative(records)
    trials: list[FrozenTrial] = []
    for record in records:
        state = STATES[record.state]
        last = record.last() if record.state in VALUED else None
        complete = state == TrialState.COMPLETE
        trials.append(
            _Told(
                number=-1,  # the storage numbers them
                trial_id=-1,
                state=state,
                value=scores[record.trial] if complete else None,
                datetime_start=None,
                datetime_complete=None,
                params={name: record.values[name] for name in kinds},
                distributions=kinds,
                user_attrs={},
                system_attrs={},
                # TPE reads the last of them only.
                intermediate_values={last[0]: scores[record.trial]} if last else {},
            )
        )
    return trials


class _Told(FrozenTrial):
    """A trial that a study may keep as it is: it is made for one question."""

    def __deepcopy__(self, memo: dict[int, object]) -> "_Told":
        return self


class _Tpe(samplers.TPESampler):
    """TPE that need not ask every trial which parameters all of them have."""

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, distributions.BaseDistribution]:
        """Those of any trial, by name, without what has one value only."""
        del trial
        first = study.get_trials(deepcopy=False)[0].distributions
        return {name: kind for name, kind in sorted(first.items()) if not kind.single()}


def _teaches(record: TrialRecord) -> bool:
    return STATES[record.state] in (TrialState.COMPLETE, TrialState.PRUNED)


def _ask(
    space: Space, records: Sequence[TrialRecord], origin: Origin, seed: int, number: int
) -> dict[str, Value]:
    """One draw of every parameter but the ratio."""
    state = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    sampler: samplers.BaseSampler
    if origin == "tpe":
        sampler = _Tpe(seed=state, n_startup_trials=0)
    else:
        sampler = samplers.RandomSampler(seed=state)
    storage = storages.InMemoryStorage()
    study = optuna.create_study(
        storage=storage, sampler=sampler, study_name=space.name, direction="minimize"
    )
    kinds = {
        name: distribution(parameter)
        for name, parameter in space.parameters.items()
        if name != RATIO
    }
    place = storage.get_study_id_from_name(space.name)
    for trial in told(records, kinds):
        storage.create_new_trial(place, trial)
    return dict(study.ask(kinds).params)
