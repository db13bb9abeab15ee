"""What a driver is asked for while it runs, by another process, and what it does."""

import threading
import time

import pytest

from harness.driver import asking, inbox as looking
from harness.driver.deciding.finals_policy import FinalsPolicy
from harness.driver.inbox import Inbox
from harness.driver.signals import Signals
from results import Store, queries
from results.writing import requests


LOOK_EVERY_S = 0.1
"""A second, where nobody waits for it."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch) -> None:
    monkeypatch.setattr(looking, "LOOK_EVERY_S", LOOK_EVERY_S)


class Driver:
    """The loop of a driver, in a thread of its own, without Ray."""

    def __init__(self, driven, policy=None) -> None:
        """Look for wishes until the end."""
        self.signals, self.said = Signals(), []
        self.inbox = Inbox(
            driven.store,
            driven.writer,
            policy=lambda: policy or driven.policy,
            signals=self.signals,
            say=self.said.append,
        )
        self.interrupted = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop)
        self._thread.start()

    def _loop(self) -> None:
        while not self._end.wait(0.05) and not self.interrupted:
            try:
                with self.signals.shield():
                    self.inbox.look()
            except KeyboardInterrupt:
                self.interrupted = True

    def end(self) -> None:
        """End the loop."""
        self._end.set()
        self._thread.join()


@pytest.fixture
def loop():
    """Starts the loops of drivers, and ends them."""
    loops = []

    def start(driven, policy=None) -> Driver:
        loops.append(Driver(driven, policy))
        return loops[-1]

    yield start
    for driver in loops:
        driver.end()


def cancel(driven, trial):
    """What is said to the wish for the end of a trial."""
    return asking.ask(driven.store, "s", {"kind": "cancel", "trial": trial})


def trials(driven, number):
    """What is said to the wish for another number of trials."""
    return asking.ask(driven.store, "s", {"kind": "trials", "trials": number})


class TestStop:
    def test_the_driver_is_interrupted_after_its_answer(self, driven, loop):
        """As by Ctrl-C, outside any call of the policy."""
        driver = loop(driven)
        said = asking.ask(driven.store, "s", {"kind": "stop"})
        assert said == "s ends now; the same `search` command goes on."
        driver.end()
        assert driver.interrupted
        assert "s was asked to stop by process" in driver.said[0]

    def test_two_who_ask_are_both_answered(self, driven, loop):
        """Both wishes are taken in one look."""
        epoch = driven.writer.driver_epoch
        asked = [
            requests.ask(driven.store.storage, "s", epoch, {"kind": "stop"})
            for _ in range(2)
        ]
        loop(driven).end()
        driver = loop(driven)
        time.sleep(LOOK_EVERY_S)
        driver.end()
        for request in asked:
            assert requests.answer_to(driven.store.storage, request) is not None

    def test_while_the_policy_waits_for_the_store(self, driven):
        """A driver that waits inside a call of its policy ends too, and does no more."""
        signals = Signals()
        inbox = Inbox(
            driven.store,
            driven.writer,
            policy=lambda: driven.policy,
            signals=signals,
            say=lambda _: None,
        )
        name, epoch = driven.policy.propose().trial, driven.writer.driver_epoch
        storage = driven.store.storage
        other = requests.ask(
            storage, "s", epoch, {"kind": "cancel", "trial": name, "by": "me"}
        )
        with signals.shield():
            inbox.sleep(0.01)
            assert driven.policy.trials[name].open
            assert requests.answer_to(storage, other) is None
        requests.ask(storage, "s", epoch, {"kind": "stop"})
        time.sleep(LOOK_EVERY_S)
        with pytest.raises(KeyboardInterrupt), signals.shield():
            inbox.sleep(0.01)

    def test_the_next_driver_does_not_carry_out_what_was_left(
        self, driven, make_driven, loop
    ):
        """A wish to a driver that was killed ends with it."""
        epoch = driven.writer.driver_epoch
        requests.ask(driven.store.storage, "s", epoch, {"kind": "stop"})
        driven.writer.close()
        again = make_driven()
        driver = loop(again)
        time.sleep(2 * LOOK_EVERY_S)
        driver.end()
        assert not driver.interrupted
        paths = again.store.storage.list("drivers")
        assert not [path for path in paths if "asked" in path]

    def test_what_comes_too_late_is_answered(self, driven):
        """At its end a driver says that it has ended."""
        inbox = Inbox(
            driven.store,
            driven.writer,
            policy=lambda: driven.policy,
            signals=Signals(),
            say=lambda _: None,
        )
        epoch, storage = driven.writer.driver_epoch, driven.store.storage
        asked = requests.ask(storage, "s", epoch, {"kind": "stop"})
        inbox.close()
        assert requests.answer_to(storage, asked) == {
            "sentence": "s has ended meanwhile.",
            "is_refused": False,
        }

    def test_a_damaged_wish_is_passed_over(self, driven, loop):
        """The search goes on, and the next wish is taken."""
        epoch = driven.writer.driver_epoch
        path = f"drivers/s/{epoch:07d}-0.asked.json"
        driven.store.storage.create(path, b"no record")
        driver = loop(driven)
        assert trials(driven, 14).startswith("s has 14 trials now")
        assert not driver.interrupted


class TestCancel:
    def test_one_trial_ends_with_its_last_value(self, driven, loop, make_report):
        """Its row says who asked; `best` takes the complete one."""
        first, _, third = [driven.policy.propose() for _ in range(3)]
        driven.policy.report(first.trial, {"report": make_report(1, 5.0)})
        loop(driven)
        said = cancel(driven, first.trial)
        assert said == "t-00001 is cancelled; its worker ends at its next report."
        decision = driven.policy.report(first.trial, {"report": make_report(2, 1.0)})
        assert (decision.action, decision.state) == ("stop", "cancelled")
        for step in range(1, 10):
            driven.policy.report(third.trial, {"report": make_report(step, 20.0)})
        driven.writer.flush()
        rows = queries.read(driven.store, "trials", "s")
        row = next(r for r in rows.to_pylist() if r["trial"] == first.trial)
        assert (row["state"], row["event"]) == ("cancelled", "ended")
        assert (row["epoch"], row["objective_mm"]) == (1, 5.0)
        assert row["reason"].startswith("`crossnets stop` ended it, asked by process")
        best = queries.best(rows, top=2).to_pylist()
        assert [r["trial"] for r in best if r["labelled_ratio"] == first.ratio] == [
            third.trial
        ]

    def test_it_holds_others_back_no_more(self, driven, loop, make_report):
        """A trial that was ahead and is cancelled leaves the rungs, as after a crash."""
        first, _, third = [driven.policy.propose() for _ in range(3)]
        driven.policy.report(first.trial, {"report": make_report(1, 1.0)})
        loop(driven)
        cancel(driven, first.trial)
        decision = driven.policy.report(third.trial, {"report": make_report(1, 9.0)})
        assert (decision.action, decision.rank, decision.peers) == ("continue", 1, 1)

    def test_it_is_never_tried_again(self, driven, make_driven, loop, make_report):
        """Neither when its worker dies nor by the next driver, and is no crash."""
        name = driven.policy.propose().trial
        driven.policy.report(name, {"report": make_report(1, 5.0)})
        loop(driven).end()
        driver = loop(driven)
        cancel(driven, name)
        driver.end()
        assert driven.policy.retried(name, "Its worker died.") is False
        driven.policy.crashed(name, "Its worker died.")
        assert driven.policy.trials[name].state == "cancelled"
        driven.writer.close()
        again = make_driven()
        again.policy.restore(
            queries.wide(again.store, "s").to_pylist(),
            again.store.rows("trials", "s").to_pylist(),
            again.store.rows("reports", "s").to_pylist(),
        )
        assert again.policy.trials[name].state == "cancelled"
        assert again.policy.propose().trial != name

    def test_one_that_waits_to_go_on_does_not(self, driven, make_driven, loop):
        """A trial of an earlier driver that nobody has taken up again."""
        names = [driven.policy.propose().trial for _ in range(2)]
        driven.writer.close()
        again = make_driven()
        again.policy.restore(
            queries.wide(again.store, "s").to_pylist(),
            again.store.rows("trials", "s").to_pylist(),
            [],
        )
        loop(again)
        cancel(again, names[0])
        assert again.policy.propose().trial == names[1]

    def test_one_that_has_ended_stays_as_it_is(self, driven, loop):
        """Also if it was cancelled just now."""
        name = driven.run_one()
        loop(driven)
        for _ in range(2):
            assert cancel(driven, name) == "t-00001 had ended already: completed."
        name = driven.policy.propose().trial
        cancel(driven, name)
        assert cancel(driven, name) == "t-00002 had ended already: cancelled."

    def test_one_that_is_not_there(self, driven, loop):
        """One sentence with the name that may be meant."""
        driven.policy.propose()
        loop(driven)
        rule = "`trial` must be one of s, got 't-0001'; did you mean `t-00001`"
        with pytest.raises(ValueError, match=rule):
            cancel(driven, "t-0001")

    def test_finals_cannot_lose_one(self, driven, loop):
        """Only the whole of them can be ended."""
        finals = FinalsPolicy(
            [],
            [],
            known=(),
            objective="mean_joint_error_mm",
            frames=0,
            labels={},
            recorder=driven.policy._recorder,
        )
        loop(driven, finals)
        with pytest.raises(ValueError, match="whose trials run, and s runs its finals"):
            cancel(driven, "t-00001")


class TestTrials:
    def test_more(self, driven, loop):
        """The policy proposes more, and readers see the number."""
        driven.run()
        assert driven.policy.finished
        loop(driven)
        assert trials(driven, 14) == "s has 14 trials now (12 before)."
        assert not driven.policy.finished
        assert driven.store.wanted("s") == 14
        driven.run()
        assert len(driven.policy.trials) == 14

    def test_fewer_than_were_begun(self, driven, loop):
        """Those run to their ends, and no other begins."""
        names = [driven.policy.propose().trial for _ in range(3)]
        loop(driven)
        said = (
            "s has 2 trials now (12 before); the 3 that were begun run to their ends."
        )
        assert trials(driven, 2) == said
        assert driven.policy.propose() is None
        assert driven.policy.total == 3
        assert not driven.policy.finished
        for name in names:
            driven.policy.crashed(name, "no")
        assert driven.policy.finished

    @pytest.mark.parametrize("number", [0, -3, True, "7", None])
    def test_refuses(self, driven, loop, number):
        """What is no number of trials changes nothing."""
        loop(driven)
        with pytest.raises(ValueError, match="`trials` must be 1 or more, got"):
            trials(driven, number)
        assert driven.policy.wanted == 12
        assert driven.store.wanted("s") == 12


def test_a_store_that_cannot_be_read_is_asked_again(driven, tmp_path):
    """The loop goes on while the store is gone, and takes the wish when it is back."""
    inbox = Inbox(
        driven.store,
        driven.writer,
        policy=lambda: driven.policy,
        signals=Signals(),
        say=lambda _: None,
    )
    epoch, storage = driven.writer.driver_epoch, driven.store.storage
    asked = requests.ask(storage, "s", epoch, {"kind": "trials", "trials": 15})
    (tmp_path / "store").rename(tmp_path / "away")
    inbox.look()
    (tmp_path / "away").rename(tmp_path / "store")
    time.sleep(LOOK_EVERY_S)
    inbox.look()
    assert isinstance(driven.store, Store)
    assert "15 trials" in requests.answer_to(storage, asked)["sentence"]
