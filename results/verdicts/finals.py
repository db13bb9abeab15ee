"""What the finals of a search say.

Two entrants are told apart where the paired test over their common seeds, after Holm's
correction over all comparisons at the labelled ratio, has a p-value of at most `LEVEL`.
Which entrant leads is chosen by validation, so that its test error is not the best of
many.
"""

from collections.abc import Sequence

from results.finals import comparisons
from results.finals.comparisons import START, SUPERVISED, Comparison, Saving
from results.finals.runs import Runs
from results.statistics import means, pairs
from results.verdicts import words


LEVEL = 0.05
"""Largest p-value, after correction, of a difference that is told."""


def sentences(found: Sequence[Runs], *, start: str = "the start") -> list[str]:
    """The answer of the finals, a sentence each.

    Args:
        found: All runs, as `results.finals.runs.of` gives them.
        start: What the setting is called that the search began with.
    """
    tested = [entrant for entrant in found if entrant.look]
    if not tested:
        return ["The test split has not been read yet: the finals have not ended."]
    names = {START: start, SUPERVISED: "the supervised baseline"}
    compared = comparisons.of(tested)
    lines: list[str] = []
    for ratio in sorted({entrant.ratio for entrant in tested}):
        field = [entrant for entrant in tested if entrant.ratio == ratio]
        pairs_here = [pair for pair in compared if pair.ratio == ratio]
        lines += _at(ratio, field, pairs_here, names)
    if (saving := comparisons.saving(tested)) is not None:
        lines.append(_saved(saving, start))
    return [*lines, *_cautions(tested)]


def _at(
    ratio: float,
    field: Sequence[Runs],
    compared: Sequence[Comparison],
    names: dict[str, str],
) -> list[str]:
    """What is to say of one labelled ratio."""
    lines: list[str] = []
    lead = comparisons.best(field)
    if lead is not None:
        wanted = [n for n in (START, SUPERVISED) if n != lead.entrant]
        wanted += [e.entrant for e in field if e.entrant not in (*wanted, lead.entrant)]
        if lead.entrant == START:
            lines.append(
                f"no trial of the search has a smaller validation error than {names[START]}"
            )
        for other in wanted:
            pair = _pair(compared, lead.entrant, other)
            if pair is not None:
                lines.append(_compared(pair, len(compared), names))
    for entrant in field:
        name = names.get(entrant.entrant, entrant.entrant)
        lines += _below(entrant, name) + _ended(entrant, name)
    labels = field[0].labels
    frames = "" if labels is None else f" ({words.counted(labels, 'frame')})"
    place = f"At {words.percent(ratio)} of the labels{frames}"
    if not lines:
        return [f"{place} no run was tested."]
    return [f"{place} {lines[0]}.", *(f"{words.capital(line)}." for line in lines[1:])]


def _pair(
    compared: Sequence[Comparison], first: str, second: str
) -> tuple[Comparison, int] | None:
    """The comparison of two entrants, and the sign of first minus second."""
    for pair in compared:
        if (pair.first, pair.second) == (first, second):
            return pair, 1
        if (pair.second, pair.first) == (first, second):
            return pair, -1
    return None


def _compared(found: tuple[Comparison, int], tests: int, names: dict[str, str]) -> str:
    """What the test says of two entrants; the first is the one that leads."""
    pair, sign = found
    ours, theirs = (pair.first, pair.second)[::sign]
    ours, theirs = names.get(ours, ours), names.get(theirs, theirs)
    gain = -sign * pair.paired.difference
    low, high = pair.paired.low, pair.paired.high
    if low is None or high is None or pair.p_adjusted is None:
        way = "better" if gain > 0 else "worse"
        return (
            f"{ours} is {words.mm(abs(gain))} {way} than {theirs} with one seed, which "
            "tells nothing"
        )
    ends = sorted((-sign * low, -sign * high))
    seeds = words.counted(pair.paired.count, "seed")
    if pair.p_adjusted <= LEVEL:
        if gain > 0:
            return (
                f"{ours} beats {theirs} by {words.mm(gain)} ({ends[0]:.1f} to "
                f"{ends[1]:.1f}, {seeds})"
            )
        return (
            f"{theirs} beats {ours} by {words.mm(-gain)} ({-ends[1]:.1f} to "
            f"{-ends[0]:.1f}, {seeds})"
        )
    line = (
        f"{ours} and {theirs} cannot be told apart (difference {gain:.1f} mm, "
        f"{ends[0]:.1f} to {ends[1]:.1f}, {seeds}"
    )
    if ends[0] > 0 or ends[1] < 0:
        line += f"; p = {pair.p_adjusted:.2g} after correction for {tests} comparisons"
    return f"{line})"


def _below(entrant: Runs, name: str) -> list[str]:
    """Whether an entrant is no better than always predicting the mean pose."""
    pair = pairs.paired(entrant.test, entrant.mean_pose)
    if pair is None:
        return []
    is_better = pair.difference < 0 if pair.high is None else pair.high < 0
    if is_better:
        return []
    error = means.summary([*entrant.test.values()]).mean
    return [
        f"{name} is no better than the mean pose ({words.mm(error)} against "
        f"{words.mm(error - pair.difference)})"
    ]


def _ended(entrant: Runs, name: str) -> list[str]:
    """Runs of an entrant that did not end as they should."""
    lines: list[str] = []
    seeds, failed = entrant.seeds, 0
    for state in ("diverged", "crashed"):
        if count := entrant.states[state]:
            failed += count
            lines.append(
                f"{name} {state} with {count} of {words.counted(seeds, 'seed')}"
            )
    if failed and entrant.test:
        left = len(entrant.test)
        lines[-1] += f"; its figures are of the other {left}"
    if count := entrant.states["collapsed"]:
        lines.append(
            f"{name} collapsed with {count} of {words.counted(seeds, 'seed')}; their "
            "figures count"
        )
    if entrant.dropped:
        why = entrant.dropped[:1].lower() + entrant.dropped[1:].rstrip(".")
        lines.append(f"{name} was dropped: {why}, by validation")
    return lines


def _saved(saving: Saving, start: str) -> str:
    """How many labels the best settings save."""
    least, most = min(saving.counts.values()), max(saving.counts.values())
    equal, goal = saving.equivalent, f"{saving.goal} with {start}"
    high = f"more than {most}" if equal.high > most else f"{equal.high:.0f}"
    if equal.labels == 0:
        line = f"{least} labels, the fewest that were tried, do as well as {goal}"
        return f"With the best settings {line} (at most {high})."
    if equal.labels > most:
        return f"Even {most} labels with the best settings do not do as well as {goal}."
    low = f"fewer than {least}" if equal.low < least else f"{equal.low:.0f}"
    share = words.percent(equal.labels / saving.goal)
    return (
        f"With the best settings {equal.labels:.0f} labels ({share}; {low} to {high}, "
        f"{words.counted(saving.seeds, 'seed')}) do as well as {goal}."
    )


def _cautions(tested: Sequence[Runs]) -> list[str]:
    """What a reader has to know besides."""
    lines: list[str] = []
    scored = [e for e in tested if e.search_mm is not None and e.validation]
    biases = [
        means.summary([*e.validation.values()]).mean - (e.search_mm or 0.0)
        for e in scored
        if e.entrant != START
    ]
    if biases and (bias := means.summary(biases).mean) > 0:
        lines.append(
            f"The search's own scores of the finalists were {words.mm(bias)} too good."
        )
    if max(entrant.seeds for entrant in tested) == 1:
        lines.append("One seed tells nothing of the spread: --seeds 5 gives intervals.")
    frames = max(entrant.frames for entrant in tested)
    if frames < 10:
        lines.append(
            f"The test split has {words.counted(frames, 'frame')}: the intervals are "
            "over seeds and say nothing of other frames."
        )
    looks = max(entrant.look for entrant in tested)
    if looks > 1:
        lines.append(
            f"The test split was read {looks} times; a first look is worth most."
        )
    return lines
