"""What a policy is told by Ray Tune, once each and in its order."""

import os
import signal
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.cluster import tune_adapters
from harness.cluster.tune_adapters import PolicyScheduler, PolicySearcher, Shared
from harness.definition.trial import Decision, name_of
from harness.driver.deciding.policy import Policy
from harness.driver.recording.patient_writer import wait
from harness.driver.signals import caught
from results import StorageError


pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]


class TestThePolicy:
    def test_everything_once(self, tmp_path, countdown):
        """Steps, stops, a NaN, a retry and a crash reach the policy once each."""
        policy = countdown.Remember(
            [
                countdown.values(tmp_path, level=1.0),
                countdown.values(tmp_path, level=2.0),
                countdown.values(tmp_path, level=0.5, nan_at=1),
                countdown.values(tmp_path, level=0.4, crashes=1),
                countdown.values(tmp_path, level=0.3, crashes=2),
            ]
        )
        assert countdown.run(policy, tmp_path, checkpoint_every=1) == ()
        assert policy.asked == 6
        assert policy.ended == {
            "t-00001": "completed",
            "t-00002": "stopped",
            "t-00003": "diverged",
            "t-00004": "completed",
            "t-00005": "crashed: RuntimeError: Crash 2 of t-00005.",
        }
        assert policy.told == [
            *(("t-00001", step) for step in (1, 2, 3, 4)),
            *(("t-00002", step) for step in (1, 2)),
            ("t-00003", 1),
            ("t-00004", 1),
            ("t-00004", 2),
            ("t-00004", "retried: RuntimeError: Crash 1 of t-00004."),
            ("t-00004", 3),
            ("t-00004", 4),
            ("t-00005", 1),
            ("t-00005", 2),
            ("t-00005", "retried: RuntimeError: Crash 1 of t-00005."),
        ]
        folders = {path.name for path in (tmp_path / "tune").glob("t-*")}
        assert folders == {name_of(number) for number in range(1, 6)}
        assert not list((tmp_path / "tune").rglob("result.json"))
        assert policy.folders == {str(Path.cwd())}

    def test_several_results_at_once(self, tmp_path, countdown):
        """Each is told in its order, and none after the one that stops the trial."""
        policy = countdown.Remember(
            [
                countdown.values(tmp_path),
                countdown.values(tmp_path, level=2.0, nan_at=1),
            ]
        )
        countdown.run(policy, tmp_path, trainable=countdown.InPairs)
        assert policy.told == [
            *(("t-00001", step) for step in (1, 2, 3, 4)),
            ("t-00002", 1),
        ]
        assert policy.ended == {"t-00001": "completed", "t-00002": "diverged"}

    def test_done_by_itself(self, tmp_path, countdown):
        """A last result with `done` is reported, and an early one is a crash."""
        policy = countdown.Remember(
            [
                countdown.values(tmp_path, done_at=countdown.STEPS),
                countdown.values(tmp_path, done_at=1),
            ]
        )
        assert countdown.run(policy, tmp_path) == ()
        assert policy.told.count(("t-00001", countdown.STEPS)) == 1
        assert policy.told.count(("t-00002", 1)) == 1
        assert policy.ended["t-00001"] == "completed"
        assert policy.ended["t-00002"].startswith("crashed: The trial ended")

    def test_policy_fails(self, tmp_path, countdown):
        """What the policy raises comes out as it was, and the search ends."""
        policy = countdown.Remember(
            [countdown.values(tmp_path)] * 2, fails_at=("t-00001", 2)
        )
        with pytest.raises(OSError, match="The store is full"):
            countdown.run(policy, tmp_path)
        assert policy.asked == 1

    def test_policy_fails_in_done(self, tmp_path, countdown):
        """The same where Tune would take it for a failure of the trial."""
        policy = countdown.Remember(
            [countdown.values(tmp_path, done_at=2)] * 2, fails_at=("t-00001", 2)
        )
        with pytest.raises(OSError, match="The store is full"):
            countdown.run(policy, tmp_path)
        assert policy.told == [("t-00001", 1)]


class TestWorkers:
    def test_every_worker_that_begins_is_used(self, tmp_path, countdown):
        """Trials shorter than a worker's start do not end those that are starting."""
        policy = countdown.Remember(
            [countdown.values(tmp_path, pause_s=0.1) for _ in range(16)]
        )
        assert (
            countdown.run(policy, tmp_path, slots=2, trainable=countdown.SlowStart)
            == ()
        )
        assert len(list(tmp_path.glob("began-*"))) == 2
        assert len(policy.pids) == 2

    def test_a_trial_for_which_there_is_no_room(self, tmp_path, countdown, monkeypatch):
        """After `START_S` it takes another's worker, and does not wait for the end."""
        monkeypatch.setattr(tune_adapters, "START_S", 1.0)
        policy = countdown.Remember(
            [countdown.values(tmp_path, pause_s=0.2) for _ in range(12)]
        )
        assert countdown.run(policy, tmp_path, slots=3) == ()
        assert list(policy.ended).index("t-00003") < 9


class Interrupted(Policy):
    """Is interrupted in the middle of every call, and notes that it ended."""

    def __init__(self) -> None:
        """Nothing has ended."""
        self.ended: list[str] = []

    def _call(self, name: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        self.ended.append(name)

    def propose(self) -> None:
        """Ends, then the signal strikes."""
        self._call("propose")

    def report(self, trial, result) -> Decision:  # noqa: ARG002
        """Ends, then the signal strikes."""
        self._call("report")
        return Decision(action="continue")

    def retried(self, trial, message) -> None:  # noqa: ARG002
        """Ends, then the signal strikes."""
        self._call("retried")

    def crashed(self, trial, message) -> None:  # noqa: ARG002
        """Ends, then the signal strikes."""
        self._call("crashed")


def failed(status: str) -> SimpleNamespace:
    """A trial of Tune's that has failed."""
    config = {"trial": "t-00001"}
    return SimpleNamespace(trial_id="x", config=config, error_file=None, status=status)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("propose", lambda shared: PolicySearcher(shared).suggest("x")),
        (
            "report",
            lambda shared: PolicyScheduler(shared).on_trial_result(
                None, failed("RUNNING"), {"training_iteration": 1}
            ),
        ),
        (
            "retried",
            lambda shared: PolicyScheduler(shared).on_trial_error(
                None, failed("ERROR")
            ),
        ),
        (
            "crashed",
            lambda shared: PolicyScheduler(shared).on_trial_error(
                None, failed("RUNNING")
            ),
        ),
    ],
)
def test_no_call_of_a_policy_is_cut_off(name, call):
    """Each ends before the interruption is raised."""
    policy = Interrupted()
    with caught() as signals, pytest.raises(KeyboardInterrupt):
        call(Shared(policy, shield=signals.shield))
    assert policy.ended == [name]


def test_no_trial_starts_while_the_store_has_trouble(driven, make_report, full_disk):
    """The proposal comes after the pause, when there is space again."""
    events: list[str] = []

    def sleep(_: float) -> None:
        events.append(f"{len(driven.policy.trials)} trials")
        free()
        driven.writer.flush()

    ready = partial(wait, lambda: driven.writer.trouble, events.append, sleep)
    searcher = PolicySearcher(Shared(driven.policy, ready=ready))
    name = searcher.suggest("x")["trial"]
    assert events == []
    free = full_disk()
    with pytest.raises(StorageError):
        driven.policy.report(name, {"report": make_report(1, 20.0)})
    assert driven.writer.trouble is not None
    assert searcher.suggest("y")["trial"] == "t-00002"
    assert events[0].startswith("Paused, and goes on by itself: ")
    assert events[1:] == [
        "1 trials",
        "The store can be written again; the search goes on.",
    ]


def test_a_wait_for_the_store_can_be_interrupted(driven):
    """Ctrl-C ends it, though it is inside a call that is shielded."""
    with caught() as signals:

        def ready() -> None:
            os.kill(os.getpid(), signal.SIGINT)
            signals.sleep(0.001)
            pytest.fail("The wait went on.")

        shared = Shared(driven.policy, shield=signals.shield, ready=ready)
        with pytest.raises(KeyboardInterrupt):
            PolicySearcher(shared).suggest("x")
    assert driven.policy.trials == {}
