import contextlib
import math
import os
import random
import sys

import pyarrow as pa
import pytest

from cnets import presets
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


def make(trials) -> Live:
    """A display of a search of six trials."""
    return Live("s", lambda: trials, wanted=lambda: 6, ratios=(0.1, 1.0))


def test_the_line_counts_trials_and_names_the_best(trials):
    """Diverged trials are counted and never the best."""
    with make(trials) as live:
        line = live.line()
    assert line.startswith(
        "s: 2 of 6 trials ended (1 pending, 1 running, 1 completed, "
    )
    assert "best at 0.1: 30.00 mm; 1: 20.00 mm" in line
    assert line.endswith("so far")


def test_the_line_says_how_long_it_will_take(trials):
    """With trials that ended since the start there is an estimate."""
    for trial in trials.values():
        trial.state = "running"
    with make(trials) as live:
        assert "so far" in live.line()
        trials["t-00001"].state = "completed"
        live(trials["t-00001"], None)
        assert "to go" in live.line()


def test_a_pipe_gets_plain_lines(trials, capsys):
    """No colours and no cursor movements where there is no terminal."""
    with make(trials) as live:
        live(trials["t-00001"], None)
    err = capsys.readouterr().err
    assert err.count("s: 2 of 6") == 2
    assert "\x1b" not in err


def test_the_table_has_a_row_a_ratio(trials):
    """Best, its trial, and what runs."""
    with make(trials) as live:
        pass
    assert live._row(0.1) == ("0.1", "2", "0", "30.00", "t-00001", "-")
    assert live._row(1.0) == (
        "1",
        "0",
        "0",
        "20.00",
        "t-00003",
        "t-00003, t-00004",
    )


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
    return ended, sum(trial.state == "stopped" for trial in mine), going or "-"


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
                _, ended, stopped, error, name, running = live._row(ratio)
                assert (error, name) == named(trials, ratio)
                found = (int(ended), int(stopped), running)
                assert found == counted(trials, ratio)
                assert error == "-" or f"{ratio:g}: {error} mm" in live.line()


def test_a_redraw_looks_at_no_trial_that_has_ended(trials):
    """What is shown is kept as it changes: a search may have 10,000 trials."""
    with make(trials) as live:
        line = live.line()
        live._trials = lambda: pytest.fail("All trials were looked at.")
        assert live.line() == line
        assert live._row(0.1)[:2] == ("0.1", "2")
        live._drawn()
        live(trials["t-00003"], None)


def test_a_table_that_cannot_be_drawn_is_said_and_logged_once(trials, caplog):
    """The thread that draws goes on; the log has the traceback."""
    live = make(trials)
    tallies, live._tallies = live._tallies, {1.0: None}
    for _ in range(2):
        assert "cannot be drawn: AttributeError" in str(live._shown())
    assert caplog.text.count("Traceback") == 1
    live._tallies = tallies
    assert "cannot" not in str(live._shown())


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
