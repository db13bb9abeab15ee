import contextlib
import dataclasses
import io
import math
import os
import random
import re
import sys

import pyarrow as pa
import pytest
from rich.console import Console

from cnets import presets
from harness.definition.report import Report
from harness.definition.trial import Proposal
from harness.driver.display.live import Live
from harness.driver.recording.tracked import Tracked
from results import queries


def tracked(number: int, ratio: float, state: str, error: float | None) -> Tracked:
    """A trial with one report, or none."""
    proposal = Proposal(
        trial=f"t-{number:05d}",
        number=number,
        ratio=ratio,
        values={},
        origin="random",
        config=presets.preset("tiny"),
    )
    curve = {} if error is None else {1: error}
    return Tracked(proposal, state=state, curve=curve)


@pytest.fixture
def trials() -> dict[str, Tracked]:
    """One trial of each kind."""
    found = [
        tracked(1, 0.1, "completed", 30.0),
        tracked(2, 0.1, "diverged", 1.0),
        tracked(3, 1.0, "running", 20.0),
        tracked(4, 1.0, "pending", None),
    ]
    return {trial.proposal.trial: trial for trial in found}


def make(trials, **more) -> Live:
    """A display of a search of six trials."""
    return Live("s", lambda: trials, wanted=lambda: 6, ratios=(0.1, 1.0), **more)


def report(seconds: float) -> Report:
    """An epoch of the joint stage that has taken so long."""
    return Report(
        stage="joint",
        epoch=1,
        epochs=9,
        step=1,
        last=False,
        terms={},
        metrics={},
        seconds=seconds,
        node="here",
    )


def drawn(live: Live, columns: int = 80) -> str:
    """What stands on a terminal of so many columns."""
    live._screen.console.width = columns
    console = Console(file=io.StringIO(), width=columns, force_terminal=False)
    console.print(live._screen.drawn())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def rows(live: Live, columns: int = 80) -> dict[str, str]:
    """The text beside each ratio, on one line."""
    found: dict[str, str] = {}
    ratio = ""
    for line in drawn(live, columns).splitlines():
        if line.startswith("ratio"):
            _, ratio, text = line.split(maxsplit=2)
            found[ratio] = text.strip()
        elif found:
            found[ratio] += f" {line.strip()}"
    return found


def test_the_line_counts_trials_and_names_the_best(trials):
    """Diverged trials are counted and never the best; half a training is marked."""
    with make(trials) as live:
        line = live.line()
    assert re.sub(r"\d+:\d\d", "0:00", line) == (
        "s: 2/6 trials, 0:00, waiting for the first epoch (1 pending, 1 running, "
        "1 completed, 1 diverged), best at 0.1: 30.00 mm (epoch 1 of 9); "
        "1: 20.00 mm (epoch 1 of 9)"
    )


def test_a_best_of_full_length_is_not_marked(trials):
    """It has trained every joint epoch of its configuration."""
    trials["t-00001"].curve = {9: 30.0}
    with make(trials) as live:
        assert "best at 0.1: 30.00 mm; 1: " in live.line()


def test_time_that_is_left_is_told_from_the_epochs_of_trials_that_run(trials):
    """Before one has ended: one epoch of 9 s was trained, 53 of 54 are left.

    More than the 477 s of one worker if this test is slow, never less.
    """
    for trial in trials.values():
        trial.state, trial.curve = "running", {}
    with make(trials) as live:
        assert live.line().split(" (")[0].endswith("waiting for the first epoch")
        trials["t-00001"].curve[1] = 30.0
        trials["t-00001"].wall_time_s += 9.0
        live(trials["t-00001"], report(seconds=9.0))
        found = re.search(r"about (\d+):(\d\d) left", live.line())
        assert found is not None
        assert 60 * int(found[1]) + int(found[2]) >= 9.0 * 53 - 2.5


def test_runs_that_are_tested_wait_for_no_epoch(trials):
    """They end without one, as a trial does that crashes at once."""
    trials["t-00001"].state = "running"
    with make(trials) as live:
        assert "waiting" in live.line()
        trials["t-00001"].state = "completed"
        live(trials["t-00001"], None)
        assert "waiting" not in live.line()


def test_at_the_end_it_says_how_long_it_took():
    """With none to come and none that runs."""
    with make({}) as live:
        live._wanted = lambda: 0
        line = live.line()
    assert re.fullmatch(r"s: 0/0 trials, \d+:\d\d in all \(none begun\)", line)


def test_what_is_counted_has_another_name_in_finals(trials):
    """They are runs of trials."""
    with make(trials, noun="runs") as live:
        assert live.line().startswith("s: 2/6 runs, ")


def test_a_pipe_gets_plain_lines(trials, capsys):
    """No colours and no cursor movements where there is no terminal."""
    with make(trials) as live:
        live(trials["t-00001"], None)
    err = capsys.readouterr().err
    assert err.count("s: 2/6 trials") == 2
    assert "\x1b" not in err


def test_each_ratio_has_its_best_and_what_runs(trials):
    """A ratio without trials has nothing to say."""
    trials["t-00003"].stage = "joint 1/9"
    with make(trials) as live:
        best = "best 20.00 mm (epoch 1 of 9), t-00003"
        assert rows(live) == {
            "0.1": "best 30.00 mm (epoch 1 of 9), t-00001; 2 ended",
            "1": f"{best} t-00003 joint 1/9, t-00004",
        }
    with make({}) as live:
        assert rows(live) == {}


@pytest.mark.parametrize("columns", [40, 80])
def test_nothing_is_cut_at_any_width(columns):
    """Every word of the counts, the states and the rows is there in one piece."""
    trials = {}
    for number in range(1, 31):
        state = ["running", "completed", "stopped", "collapsed"][number % 4]
        trial = tracked(number, 0.1 if number % 3 else 1.0, state, 20.0 + number)
        trial.stage = "warm_up 1/2"
        trials[trial.proposal.trial] = trial
    with make(trials) as live:
        live._name = "a_search_with_a_name"
        text = drawn(live, columns)
        states, counts = live._states(), live._counts()
    assert max(map(len, text.splitlines())) <= columns
    assert "\u2026" not in text
    words = set(re.sub("[,;:]", " ", text).split())
    for sentence in (states, re.sub("[,:]", " ", counts)):
        assert set(sentence.replace(",", " ").split()) <= words
    assert {"a_search_with_a_name", "t-00004", "t-00001", "warm_up"} <= words


def test_of_very_many_that_run_some_are_named():
    """A hundred lanes would fill the terminal."""
    many = [tracked(number, 1.0, "running", None) for number in range(1, 101)]
    with make({trial.proposal.trial: trial for trial in many}) as live:
        assert rows(live)["1"].endswith("t-00006, 94 more")


def named(trials, ratio) -> tuple[str, str]:
    """The best trial of a ratio in the table of the search: its error and name."""
    rows = [
        {
            "trial": trial.proposal.trial,
            "number": trial.proposal.number,
            "state": trial.state,
            "epoch": trial.step,
            "objective_mm": trial.objective_mm,
        }
        for trial in trials.values()
        if trial.proposal.ratio == ratio
    ]
    kinds = [pa.string(), pa.int64(), pa.string(), pa.int64(), pa.float64()]
    names = ["trial", "number", "state", "epoch", "objective_mm"]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    best = queries.best(pa.Table.from_pylist(rows, schema), per=None).to_pylist()
    return (f"{best[0]['objective_mm']:.2f}", best[0]["trial"]) if best else ("-", "-")


def counted(trials, ratio) -> tuple[int, int, str]:
    """How many have ended and were stopped, and which are open."""
    mine = [trial for trial in trials.values() if trial.proposal.ratio == ratio]
    going = ", ".join(trial.proposal.trial for trial in mine if trial.open)
    ended = sum(not trial.open for trial in mine)
    return ended, sum(trial.state == "stopped" for trial in mine), going


@pytest.mark.parametrize("chance", range(30))
def test_the_best_is_that_of_the_table(chance):
    """After every event of a search, also one that takes the best trial away."""
    draw = random.Random(chance)
    ends = ["completed", "stopped", "cancelled", "diverged", "collapsed", "crashed"]
    ends = ends[chance % 2 :]  # half of the searches complete no trial
    trials: dict[str, Tracked] = {}
    for number in range(1, 6):  # some that an earlier driver has left
        trial = tracked(number, draw.choice([0.1, 1.0]), draw.choice(ends), 25.0)
        trials[trial.proposal.trial] = trial
    with make(trials) as live:
        for _ in range(80):
            going = [trial for trial in trials.values() if trial.open]
            if len(going) < 3:
                number = len(trials) + 1
                trial = tracked(number, draw.choice([0.1, 1.0]), "pending", None)
                trials[trial.proposal.trial] = trial
            else:
                trial = draw.choice(going)
                trial.state = draw.choice(["running"] * 4 + ends)
                value = draw.choice([20.0, 21.0, 22.0, math.nan])
                trial.curve[(trial.step or 0) + 1] = value
            live(trial, None)
            for ratio in (0.1, 1.0):
                tally, (error, name) = live._tallies[ratio], named(trials, ratio)
                found = (tally.ended, tally.states["stopped"], ", ".join(tally.going))
                assert found == counted(trials, ratio)
                best = "-" if tally.best is None else tally.best.proposal.trial
                assert best == name
                assert error == "-" or f"{ratio:g}: {error} mm" in live.line()


def test_a_redraw_looks_at_no_trial_that_has_ended(trials):
    """What is shown is kept as it changes: a search may have 10,000 trials."""
    with make(trials) as live:
        line = live.line()
        live._trials = lambda: pytest.fail("All trials were looked at.")
        assert live.line().partition(", ")[0] == line.partition(", ")[0]
        assert "2 ended" in rows(live)["0.1"]
        live(trials["t-00003"], None)


@pytest.mark.parametrize("closed", ["reader", "terminal"])
def test_a_closed_output_ends_no_search(trials, monkeypatch, closed):
    """As behind `head -1`, or when the terminal has gone."""
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    monkeypatch.setattr(sys, "stderr", stream)
    live = make(trials)
    os.close(reading if closed == "reader" else os.dup(reading))
    if closed == "terminal":
        os.close(writing)
    with live:
        for _ in range(3):
            live.say("a line")
    with contextlib.suppress(OSError):
        stream.close()


def test_what_to_change_is_said_once_a_search(trials, capsys):
    """For each figure, with the first trial that shows it."""
    live = make(trials)
    told = dataclasses.replace(report(1.0), health={"trunk_share_posterior": 0.001})
    for trial in trials.values():
        live(trial, told)
    lines = [
        line for line in capsys.readouterr().err.splitlines() if "gradient" in line
    ]
    assert len(lines) == 1
    assert lines[0].startswith("t-00001: The pose loss has 0.10%")
