"""Tests of `harness.driver.recording.retention`: which checkpoints are left when trials have ended."""

import math
import random
import shutil

import pyarrow as pa
import pytest

from cnets import presets
from harness.definition.trial import Proposal
from harness.driver.recording.retention import Retention
from harness.driver.recording.tracked import Tracked
from results import queries


@pytest.fixture
def folder(tmp_path):
    """Where the checkpoints of a search lie."""
    return tmp_path / "checkpoints"


@pytest.fixture
def make_trial(folder):
    """Makes a trial with two checkpoints on disk."""

    def make(number: int, state: str, curve: dict[int, float], ratio: float = 1.0):
        name = f"t-{number:05d}"
        proposal = Proposal(
            trial=name,
            number=number,
            ratio=ratio,
            values={},
            origin="random",
            config=presets.preset("tiny"),
        )
        for order in ("at-3-000001", "at-3-000002"):
            (folder / name / order).mkdir(parents=True, exist_ok=True)
            (folder / name / order / "lane.json").write_text(order)
        return Tracked(proposal, state=state, curve=curve)

    return make


def left(folder) -> dict[str, list[str]]:
    """Checkpoints that are there, by trial."""
    return {
        path.name: sorted(p.name for p in path.iterdir())
        for path in sorted(folder.iterdir())
    }


def told(folder, trials, keep: int) -> None:
    """Tell an retention of the last trial's end."""
    by_name = {trial.proposal.trial: trial for trial in trials}
    tidies = Retention(folder, folder.parent / "trash", lambda: by_name, keep=keep)
    tidies(trials[-1], None)


BOTH = ["at-3-000001", "at-3-000002"]


def test_the_best_of_a_ratio_keep_their_last_networks(folder, make_trial):
    """Of four completed trials the best two keep one checkpoint each."""
    errors = [21.0, 19.0, 20.0, 22.0]
    trials = [make_trial(n, "completed", {9: e}) for n, e in enumerate(errors, 1)]
    told(folder, trials, keep=2)
    assert left(folder) == {"t-00002": BOTH[1:], "t-00003": BOTH[1:]}


def test_live_trials_and_other_ratios_are_left_alone(folder, make_trial):
    """What runs or waits keeps everything, and so does another ratio."""
    trials = [
        make_trial(1, "running", {1: 30.0}),
        make_trial(2, "pending", {}),
        make_trial(3, "completed", {9: 25.0}, ratio=0.1),
        make_trial(4, "completed", {9: 20.0}),
    ]
    told(folder, trials, keep=1)
    assert left(folder) == {
        "t-00001": BOTH,
        "t-00002": BOTH,
        "t-00003": BOTH,
        "t-00004": BOTH[1:],
    }


@pytest.mark.parametrize("state", ["diverged", "collapsed", "crashed"])
def test_failed_trials_keep_nothing(folder, make_trial, state):
    """However good its last error was; nor does one that is not finite."""
    trials = [
        make_trial(1, state, {2: 1.0}),
        make_trial(2, "completed", {9: math.nan}),
        make_trial(3, "stopped", {3: 25.0}),
    ]
    told(folder, trials, keep=3)
    assert left(folder) == {"t-00003": BOTH[1:]}


def test_none_is_kept_where_none_is_wanted(folder, make_trial):
    """`keep` 0 frees all that have ended."""
    told(folder, [make_trial(1, "completed", {9: 20.0})], keep=0)
    assert left(folder) == {}


def dies(path, *, ignore_errors=False):
    """A process that is killed when it deletes; the trash is empty before."""
    if path.exists():
        raise ZeroDivisionError
    assert ignore_errors


def test_nothing_is_half_deleted(folder, make_trial, monkeypatch):
    """A process that dies while it deletes leaves whole checkpoints or none."""
    trials = [make_trial(1, "stopped", {1: 30.0}), make_trial(2, "stopped", {3: 9.0})]
    monkeypatch.setattr("shutil.rmtree", dies)
    with pytest.raises(ZeroDivisionError):
        told(folder, trials, keep=1)
    for path in folder.glob("*/*"):
        assert (path / "lane.json").read_text() == path.name
    assert not (folder / "t-00001" / BOTH[0]).exists()


def test_what_cannot_be_deleted_is_left_for_later(folder, make_trial):
    """A file that stands where the trash should be is no end of the search."""
    trials = [make_trial(1, "stopped", {1: 30.0}), make_trial(2, "stopped", {3: 9.0})]
    (folder.parent / "trash").write_text("")
    told(folder, trials, keep=1)
    assert left(folder)["t-00001"] == BOTH
    (folder.parent / "trash").unlink()
    told(folder, trials, keep=1)
    assert "t-00001" not in left(folder)


def test_ranks_as_best_does(folder, make_trial):
    """The trials that it keeps are those that `best` names, whatever they are."""
    draw = random.Random(3)
    states = ["completed", "stopped", "cancelled", "diverged", "collapsed", "crashed"]
    for chance in range(60):
        some = states[1:] if chance % 2 else states
        trials = [
            make_trial(
                number,
                draw.choice(some),
                {
                    step: draw.choice([20.0, 21.0, 22.0, math.nan])
                    for step in range(1, draw.randint(1, 4))
                },
            )
            for number in range(1, 9)
        ]
        rows = [
            {
                "trial": trial.proposal.trial,
                "number": trial.proposal.number,
                "state": trial.state,
                "epoch": trial.step,
                "objective_mm": trial.objective_mm,
            }
            for trial in trials
        ]
        kinds = [pa.string(), pa.int64(), pa.string(), pa.int64(), pa.float64()]
        schema = pa.schema(list(zip(rows[0], kinds, strict=True)))
        table = pa.Table.from_pylist(rows, schema)
        named = queries.best(table, per=None, top=3)["trial"].to_pylist()
        told(folder, trials, keep=3)
        assert set(left(folder)) == set(named)
        shutil.rmtree(folder)


class TestWaiting:
    def told(self, folder, trials, may_go_on) -> None:
        """Tell a retention that the last trial waits."""
        by_name = {trial.proposal.trial: trial for trial in trials}
        tidies = Retention(
            folder,
            folder.parent / "trash",
            lambda: by_name,
            keep=1,
            may_go_on=may_go_on,
        )
        tidies(trials[-1], None)

    def test_what_is_held_counts_when_the_trial_waits(self, folder, make_trial):
        """Its report is stored: it keeps that one checkpoint."""
        trial = make_trial(1, "paused", {3: 30.0})
        (folder / "t-00001" / "held-3-000003").mkdir()
        self.told(folder, [trial], lambda _: True)
        assert left(folder) == {"t-00001": ["at-3-000003"]}

    def test_those_that_cannot_be_taken_up_lose_theirs(self, folder, make_trial):
        """All but the best, which is kept for export."""
        errors = [30.0, 20.0, 25.0]
        trials = [make_trial(n, "paused", {3: e}) for n, e in enumerate(errors, 1)]
        self.told(folder, trials, lambda name: name == "t-00003")
        assert left(folder) == {"t-00002": BOTH[1:], "t-00003": BOTH[1:]}
