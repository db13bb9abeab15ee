"""One question to Optuna, from the history of a search.

A study is built in memory from the history, asked once with a sampler seeded by
(seed, number), and forgotten. Values that our own space has made are neither checked
nor copied again on their way into the study, which took four times as long as the
question itself.

The labelled ratio is a context. More labels always help, so raw errors would
call every trial at a low ratio bad. One study learns from all ratios, from
log(value / median of the same ratio at the same step). A trial is compared
with what is usual where it was run, and the ratio itself is not searched.

What the study is told:

    completed            COMPLETE with the relative value at its last step
    stopped, paused      PRUNED with the relative value at its last step; TPE
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

import math
import statistics
from collections.abc import Sequence

import numpy as np
import optuna
from optuna import distributions, samplers, storages
from optuna.trial import FrozenTrial, TrialState

from harness.definition import spaces
from harness.definition.trial import Origin, TrialRecord
from search_spaces import OneOf, Parameter, Real, Space, Value, Whole


optuna.logging.set_verbosity(optuna.logging.WARNING)


TINY_MM = 1e-9
"""Stands for an error of 0 where a logarithm is taken."""


STATES: dict[str, TrialState] = {
    "pending": TrialState.RUNNING,
    "running": TrialState.RUNNING,
    "paused": TrialState.PRUNED,
    "completed": TrialState.COMPLETE,
    "stopped": TrialState.PRUNED,
    "diverged": TrialState.PRUNED,
    "collapsed": TrialState.PRUNED,
    "crashed": TrialState.FAIL,
    "cancelled": TrialState.FAIL,
}
"""What Optuna calls the states of a trial."""


VALUED = ("completed", "stopped", "paused")
"""States whose trials have a value to learn from."""


def ask(
    space: Space,
    records: Sequence[TrialRecord],
    origin: Origin,
    seed: int,
    number: int,
    *,
    again: int = 0,
) -> dict[str, Value]:
    """One draw of every parameter but the labelled ratio.

    Args:
        space: What may vary.
        records: All earlier trials; none for a random draw.
        origin: `tpe` asks the model; anything else draws at random.
        seed: Seed of the search.
        number: Place of the proposal; with the seed it decides the draw.
        again: How many draws of that place were of no use.
    """
    place = [seed, number, again] if again else [seed, number]
    state = int(np.random.SeedSequence(place).generate_state(1)[0])
    sampler: samplers.BaseSampler
    if origin == "tpe":
        sampler = _Tpe(seed=state, n_startup_trials=0)
    else:
        sampler = samplers.RandomSampler(seed=state)
    storage = storages.InMemoryStorage()
    study = optuna.create_study(
        storage=storage, sampler=sampler, study_name=space.name, direction="minimize"
    )
    kinds = {n: distribution(p) for n, p in spaces.searched(space).items()}
    study_id = storage.get_study_id_from_name(space.name)
    for trial in told(records, kinds):
        storage.create_new_trial(study_id, trial)
    return dict(study.ask(kinds).params)


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
