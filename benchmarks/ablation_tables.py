"""The tables of `ablations.py`: errors, differences seed by seed, and what they say."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.training import schedule
from results.statistics import means


BASELINE, PAPER = "posterior_only", "full"
"""What all are compared with: supervised regression, and the paper's setting."""

PUBLISHED_MM = {
    0.02: 17.7,
    0.05: 17.4,
    0.1: 16.5,
    0.25: 16.1,
    0.5: 16.0,
    0.75: 15.9,
    1.0: 15.5,
}
"""Crossing Nets on NYU by labelled ratio: real images of 128 pixels, 72,757 frames.

Source:
    Poier et al. 2019, MURAUER (WACV), figure 3.
"""

AUTHORS = "the authors: 728,000 GAN, 29,000 joint"
"""Updates of the released code on NYU."""


def updates(config: TrainConfig, data: HandData) -> str:
    """How long a setting is trained, beside the authors' one."""
    counts = {
        stage: schedule.epochs_of(config, stage)
        * schedule.steps_an_epoch(config, stage, data)
        for stage in schedule.STAGES
    }
    said = ", ".join(f"{n:,} {stage.replace('_', '-')}" for stage, n in counts.items())
    return f"updates: {said} ({AUTHORS})"


def compared(
    runs: Sequence[Any], lines: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """A row for each data set and ratio.

    Args:
        runs: The runs that were asked for.
        lines: Those that are finished, by key.

    Returns:
        `data`, `ratio`, `labels`, `published_mm`, `diverged` (runs), and for each
        setting a `results.statistics.means.Summary` as a dict, or None without a
        finished run. `differences`: the same of each less the baseline and less the
        paper's, seed by seed.
    """
    rows = []
    names = list(dict.fromkeys(run.setting for run in runs))
    for spec, ratio in dict.fromkeys((r.data, r.config.labelled_ratio) for r in runs):
        mine = [r for r in runs if (r.data, r.config.labelled_ratio) == (spec, ratio)]
        found: dict[str, dict[int, float]] = {name: {} for name in names}
        diverged = 0
        for run in mine:
            line = lines.get(run.key)
            if line is not None and line["diverged"]:
                diverged += 1
            elif line is not None:
                error_mm = line["test"]["mean_joint_error_mm"]
                found[run.setting][run.config.seed] = error_mm
        rows.append(
            {
                "data": spec,
                "ratio": ratio,
                "labels": mine[0].labels,
                "published_mm": PUBLISHED_MM.get(ratio),
                "diverged": diverged,
                "settings": {n: _summary(one.values()) for n, one in found.items()},
                "differences": {
                    peer: {n: _apart(found[n], found[peer]) for n in names if n != peer}
                    for peer in (BASELINE, PAPER)
                    if peer in found
                },
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows of one data set as tables in Markdown, and what they say.

    A setting is a line there, a labelled ratio a column.
    """
    names = list(rows[0]["settings"])
    heads = [_label(row) for row in rows]
    errors = [[n, *(_cell(row["settings"][n]) for row in rows)] for n in names]
    errors.append(["published, NYU", *(f"{r['published_mm'] or '-'}" for r in rows)])
    parts = [_markdown(["labelled", *heads], errors)]
    for peer, others in rows[0]["differences"].items():
        if others:
            apart = [row["differences"][peer] for row in rows]
            cells = [[n, *(_cell(one[n], "+") for one in apart)] for n in others]
            parts.append(_markdown([f"less `{peer}`, seed by seed", *heads], cells))
    if PAPER in names and BASELINE in names:
        parts.append("\n".join(_verdict(row) for row in rows))
    return "\n\n".join(parts)


def _label(row: Mapping[str, Any]) -> str:
    return f"{100 * row['ratio']:g} % ({row['labels']})"


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    every = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in every)


def _verdict(row: Mapping[str, Any]) -> str:
    """Whether the whole model is better than the baseline, in a sentence."""
    apart, label = row["differences"][BASELINE][PAPER], _label(row)
    lost = f" {row['diverged']} runs diverged." if row["diverged"] else ""
    if apart is None or apart["low"] is None:
        return f"- {label}: too few runs to compare.{lost}"
    if apart["low"] <= 0 <= apart["high"]:
        said = f"`{PAPER}` and `{BASELINE}` are not told apart"
    else:
        better = "better" if apart["high"] < 0 else "worse"
        said = f"`{PAPER}` is {better} than `{BASELINE}`"
    return f"- {label}: {said} ({_cell(apart, '+')} mm, {apart['count']} seeds).{lost}"


def _cell(found: Mapping[str, Any] | None, sign: str = "") -> str:
    if found is None:
        return "-"
    mean = f"{found['mean']:{sign}.2f}"
    if found["low"] is None:
        return mean
    return f"{mean} ({found['low']:{sign}.2f} to {found['high']:{sign}.2f})"


def _apart(mine: Mapping[int, float], peers: Mapping[int, float]) -> dict | None:
    """A setting less another, of the seeds that both have."""
    return _summary(mine[seed] - peers[seed] for seed in mine if seed in peers)


def _summary(values: Iterable[float]) -> dict[str, Any] | None:
    listed = list(values)
    return dataclasses.asdict(means.summary(listed)) if listed else None
