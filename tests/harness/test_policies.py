"""The policy of a search from its rows: a real search whose trials wait, retold."""

import datetime
from pathlib import Path

import pytest

from harness import policies
from harness.definition.options import SearchOptions
from harness.definition.trial import Sample
from harness.driver.deciding import audit
from harness.prepare import prepare
from harness.search import search
from results import Store, queries


SPACE = Path(__file__).parent / "late_weights.toml"
SHORT = (
    "networks.channels=2",
    "vae.epochs=2",
    "vae.steps=3",
    "gan.epochs=2",
    "gan.steps=2",
    "gan.batch_size=8",
    "joint.epochs=9",
    "joint.steps=2",
    "joint.batch_size=8",
    "health.active_units=0",  # so few updates train nothing that could be judged
    "health.code_spread_ratio=0",
    "health.image_spread_ratio=0",
    "health.adversarial_nats=0",
)
OPTIONS = SearchOptions(
    data="synthetic:40",
    space=str(SPACE),
    preset="tiny",
    set=SHORT,
    trials=14,
    concurrency=2,
    seed=3,
)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """The folder of a store with a search of fourteen trials on two workers."""
    folder = tmp_path_factory.mktemp("waiting") / "runs"
    assert search("s", OPTIONS, store=folder).finished
    return folder


def samples(policy) -> dict[str, Sample]:
    """What each trial is, as it was proposed."""
    return {name: trial.proposal for name, trial in policy.trials.items()}


@pytest.mark.ray
class TestASearchWhoseTrialsWait:
    def test_decides_as_its_rows_say(self, ended):
        """Every proposal, pause, promotion and end is what a fresh decider does."""
        store, prepared = Store.open(ended), prepare("s", OPTIONS, ended / "cache")
        policy = policies.restored(prepared, store)
        rows = [store.rows(table, "s").to_pylist() for table in ("trials", "reports")]
        decider = policies.decider(prepared)
        assert audit.contradiction(decider, samples(policy), *rows) is None
        assert policy.finished
        events = [row["event"] for row in rows[0]]
        assert {"paused", "promoted", "ended"} <= set(events)

    def test_spends_what_its_trials_are_worth(self, ended):
        """All begin, some wait at the end, and a best one is complete."""
        store = Store.open(ended)
        states = queries.progress(store, "s").states
        assert sum(states.values()) == 14
        assert {"paused", "completed"} <= set(states)
        assert set(states) <= {"paused", "completed", "cancelled"}
        best = queries.progress(store, "s").best.to_pylist()
        assert "completed" in [row["state"] for row in best]
        prepared = prepare("s", OPTIONS, ended / "cache")
        epochs = store.rows("reports", "s").num_rows
        in_flight = OPTIONS.concurrency  # each ends at its next report
        assert epochs <= policies.decider(prepared).budget_epochs + in_flight

    def test_trials_that_went_on_trained_no_epoch_twice(self, ended):
        """Each took up its networks at the rung where it had waited."""
        rows = Store.open(ended).rows("reports", "s").to_pylist()
        epochs = [(row["trial"], row["epoch"]) for row in rows]
        assert len(epochs) == len(set(epochs))

    def test_only_those_keep_networks_that_may_need_them(self, ended):
        """One checkpoint each: the best of a ratio, and who may still be taken up."""
        folders = [*(ended / "checkpoints" / "s").glob("t-*")]
        assert 2 <= len(folders) < 14
        assert all(len([*path.iterdir()]) == 1 for path in folders)

    def test_is_extended_by_the_same_command(self, ended):
        """Those that wait may be taken up, and nothing is trained anew."""
        more = SearchOptions(**{**vars(OPTIONS), "trials": 16})
        done = search("s", more, store=ended)
        assert done.finished
        assert sum(done.states.values()) == 16
        rows = Store.open(ended).rows("trials", "s").to_pylist()
        assert {row["driver_epoch"] for row in rows} == {1, 2}


def test_the_time_of_drivers_is_that_of_their_rows():
    """Of each from its first row to its last; the pause between them is not driven."""
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    rows = [
        {"driver_epoch": driver, "time_utc": start + datetime.timedelta(seconds=at)}
        for driver, at in ((1, 0), (1, 50), (2, 1000), (1, 20), (2, 1005))
    ]
    assert policies.driven_s(rows) == 55
    assert policies.driven_s([]) == 0
