"""What the finals of a search say.

Two entrants are told apart where the paired test over their common seeds, after Holm's
correction over all comparisons at the labelled ratio, has a p-value of at most `LEVEL`.
Which entrant leads is chosen by validation, so that its test error is not the best of
many.
"""

from collections.abc import Sequence

from results.finals import comparisons, runs
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
    if not tested and (not found or any(map(_is_sound, found))):
        return ["The test split has not been read yet: the finals have not ended."]
    names = {START: start, SUPERVISED: "the supervised baseline"}
    compared = comparisons.of(tested)
    lines: list[str] = []
    for ratio in sorted({entrant.ratio for entrant in found}):
        field = [entrant for entrant in found if entrant.ratio == ratio]
        lines += _at(field, [pair for pair in compared if pair.ratio == ratio], names)
    if not tested:
        return lines
    if (saving := comparisons.saving(tested)) is not None:
        lines.append(_saved(saving, start))
    return [*lines, *_cautions(tested)]


def _is_sound(entrant: Runs) -> bool:
    """Whether an entrant has networks to be tested."""
    return any(entrant.states[state] for state in runs.SOUND)


def _at(
    field: Sequence[Runs], compared: Sequence[Comparison], names: dict[str, str]
) -> list[str]:
    """What is to say of one labelled ratio."""
    lines: list[str] = []
    lead = comparisons.best(field)
    if lead is not None:
        lines += _led(lead, field, compared, names)
    elif any(map(_is_sound, field)) and not field[0].look:
        lines.append("the test split has not been read yet")
    for entrant in field:
        name = names.get(entrant.entrant, entrant.entrant)
        lines += _below(entrant, name) + _failed(entrant, name)
        lines += _dropped(entrant, name, names)
    if not lines:
        lines.append("no trial has a finite test error")
    labels = field[0].labels
    frames = "" if labels is None else f" ({words.counted(labels, 'frame')})"
    place = f"At {words.percent(field[0].ratio)} of the labels{frames}"
    return [f"{place} {lines[0]}.", *(f"{words.capital(line)}." for line in lines[1:])]


def _led(
    lead: Runs,
    field: Sequence[Runs],
    compared: Sequence[Comparison],
    names: dict[str, str],
) -> list[str]:
    """The entrant that leads beside each of the others."""
    wanted = [name for name in names if name != lead.entrant]
    wanted += [e.entrant for e in field if e.entrant not in (*wanted, lead.entrant)]
    against = [_pair(compared, lead.entrant, other) for other in wanted]
    lines = [_compared(pair, len(compared), names) for pair in against if pair]
    if not lines:
        name = names.get(lead.entrant, lead.entrant)
        mean_mm = means.summary([*lead.test.values()]).mean
        lines = [f"{name} errs by {words.mm(mean_mm)}, with nothing to compare it with"]
    if lead.entrant == START:
        least = "no trial of the search has a smaller validation error than"
        lines.insert(0, f"{least} {names[START]}")
    return lines


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
    ends = [
        -sign * end for end in (pair.paired.low, pair.paired.high) if end is not None
    ]
    if gain < 0:  # the better one is named first
        ours, theirs, gain, ends = theirs, ours, -gain, [-end for end in ends]
    count, p_value = pair.paired.count, pair.p_adjusted
    if gain == 0 and not any(ends):
        times = "one seed" if count == 1 else f"each of {count} seeds"
        return f"{ours} and {theirs} have the same error with {times}"
    if p_value is None:
        return (
            f"{ours} is {words.mm(gain)} better than {theirs} with one seed, which "
            "tells nothing"
        )
    low, high = sorted(ends)
    spread = f"{words.tenths(low)} to {words.tenths(high)}, {count} seeds"
    if p_value <= LEVEL:
        return f"{ours} beats {theirs} by {words.mm(gain)} ({spread})"
    if low > 0:
        spread += f"; p = {p_value:.3g} after correction for {tests} comparisons"
    return (
        f"{ours} and {theirs} cannot be told apart (the first is {words.mm(gain)} "
        f"better, {spread})"
    )


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


def _failed(entrant: Runs, name: str) -> list[str]:
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
    return lines


def _dropped(entrant: Runs, name: str, names: dict[str, str]) -> list[str]:
    """Why the race ended an entrant, if it did."""
    if not entrant.dropped:
        return []
    why = entrant.dropped[:1].lower() + entrant.dropped[1:].rstrip(".")
    for known, called in names.items():
        why = why.replace(f" {known} ", f" {called} ")
    return [f"{name} was dropped: {why}, by validation"]


def _saved(saving: Saving, start: str) -> str:
    """How many labels the best settings save."""
    least, most = min(saving.counts.values()), max(saving.counts.values())
    equal, goal = saving.equivalent, f"{saving.goal} with {start}"
    if equal.labels == 0:
        return (
            f"With the best settings {least} labels, the fewest that were tried, "
            f"already do as well as {goal}."
        )
    if equal.labels > most:
        line = f"Even {most} labels with the best settings do not do as well as {goal}"
        if equal.low < most:
            line += f"; from {equal.low:.0f} on the two cannot be told apart"
        return f"{line}."
    high = f"more than {most}" if equal.high > most else f"{equal.high:.0f}"
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
