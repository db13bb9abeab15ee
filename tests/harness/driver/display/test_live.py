import pytest

from cnets import presets
from harness.definition.trial import Proposal
from harness.driver.display.live import Live
from harness.driver.recording.tracked import Tracked


def tracked(number: int, ratio: float, state: str, error: float | None) -> Tracked:
    """A trial with one report, or none."""
    proposal = Proposal(
        trial=f"t-{number:05d}", number=number, ratio=ratio, values={}, origin="random"
    )
    curve = {} if error is None else {1: error}
    return Tracked(proposal, presets.preset("tiny"), state=state, curve=curve)


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
    return Live("s", lambda: trials, wanted=6, slots=2, ratios=(0.1, 1.0))


def test_the_line_counts_trials_and_names_the_best(trials):
    """Diverged trials are counted and never the best."""
    with make(trials) as live:
        line = live.line()
    assert line.startswith("s: 2 of 6 trials ended (1 completed, 1 diverged, 1 running")
    assert "best at 0.1: 30.00 mm; 1: 20.00 mm" in line
    assert line.endswith("so far")


def test_the_line_says_how_long_it_will_take(trials):
    """With trials that ended since the start there is an estimate."""
    live = make({})
    with live:
        pass
    live._trials = lambda: trials
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
    assert make(trials)._row(0.1) == ("0.1", "2", "0", "30.00", "t-00001", "-")
    assert make(trials)._row(1.0) == (
        "1",
        "0",
        "0",
        "20.00",
        "t-00003",
        "t-00003, t-00004",
    )


def test_a_trial_that_begins_while_it_is_drawn(trials):
    """The thread that draws looks at trials while the search adds some."""

    class Adding(Tracked):
        @property
        def open(self) -> bool:
            found[f"t-1{len(found):04d}"] = tracked(9, 1.0, "pending", None)
            return True

    first = trials["t-00003"]
    found = {"t-00003": Adding(first.proposal, first.config, state="running")}
    live = make(found)
    live._drawn()
    assert len(found) > 2


def test_a_table_that_cannot_be_drawn_is_said_and_logged_once(trials, caplog):
    """The thread that draws goes on; the log has the traceback."""
    live = make(trials)
    live._trials = lambda: {"t-00001": None}
    for _ in range(2):
        assert "cannot be drawn: AttributeError" in str(live._shown())
    assert caplog.text.count("Traceback") == 1
    live._trials = lambda: trials
    assert "cannot" not in str(live._shown())
