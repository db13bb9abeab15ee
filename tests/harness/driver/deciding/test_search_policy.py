"""Whole searches without Ray: what is proposed, decided, failed and taken up again."""

import math

import pytest

from cnets.findings import Finding
from harness.definition.report import failed
from harness.driver.deciding import study
from results import queries


COLLAPSE = Finding(
    rule="mode collapse",
    state="collapsed",
    figure="image_spread_ratio",
    value=0.03,
    limit=0.1,
    epochs=3,
)
"""A rule that has fired."""


class TestASearch:
    def test_every_trial_ends_once(self, driven, table):
        """Twelve proposals give twelve rows, each with an end."""
        driven.run()
        rows = table(driven, "trials")
        assert [row["trial"] for row in rows] == [f"t-{n:05d}" for n in range(1, 13)]
        assert {row["state"] for row in rows} == {"completed", "stopped"}
        assert driven.policy.finished

    def test_ratios_take_turns_and_start_is_first(self, driven, table):
        """Each ratio gets six trials, and its first is the start."""
        driven.run()
        rows = table(driven, "trials")
        assert [row["labelled_ratio"] for row in rows] == [0.5, 1.0] * 6
        assert [row["losses.kl"] for row in rows[:2]] == [1.0, 1.0]
        assert [row["origin"] for row in rows[:2]] == ["start", "start"]

    def test_rungs_compare_trials_of_one_ratio(self, driven, table):
        """At every rung the stopped are worse than the cutoff of their own ratio."""
        driven.run()
        rows = table(driven, "decisions")
        assert {row["rung"] for row in rows} == {1, 3}
        assert max(row["peers"] for row in rows) <= 6
        for row in rows:
            stopped = row["value_mm"] > row["cutoff_mm"]
            assert (row["action"] == "stop") == stopped
        assert sum(row["action"] == "stop" for row in rows) >= 4


class TestEpochsThatComeTogether:
    def test_an_end_among_them_is_the_end(self, driven, make_report, table):
        """What comes after it is not stored."""
        name = driven.policy.propose().trial
        every = [make_report(1, 20.0), make_report(2, math.nan), make_report(3, 19.0)]
        result = {"report": every[2], "before": every[:2]}
        assert driven.policy.report(name, result).state == "diverged"
        assert [row["epoch"] for row in table(driven, "reports")] == [1, 2]
        assert table(driven, "trials")[0]["state"] == "diverged"

    def test_a_failure_after_them_loses_none(self, driven, make_report, table):
        """The epochs before it are stored, and the trial ends as crashed."""
        name = driven.policy.propose().trial
        result = {"report": failed("out of memory"), "before": [make_report(1, 20.0)]}
        assert driven.policy.report(name, result).state == "crashed"
        assert [row["epoch"] for row in table(driven, "reports")] == [1]
        assert table(driven, "trials")[0]["reason"] == "out of memory"

    def test_watchers_hear_of_an_end_when_it_is_stored(
        self, driven, make_report, groups
    ):
        """Whoever deletes checkpoints at an end may count on its row."""
        heard = []
        driven.policy._watch = lambda trial, _: heard.append(
            (trial.open, len(groups(driven)))
        )
        name = driven.policy.propose().trial
        every = [make_report(step, 20.0) for step in range(1, 10)]
        before = len(groups(driven))
        driven.policy.report(name, {"report": every[-1], "before": every[:-1]})
        assert heard[-1] == (False, before + 1)
        assert all(is_open for is_open, _ in heard[:-1])


class TestFailuresAreResults:
    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_an_objective_that_is_no_number_stops_at_once(
        self, driven, make_report, value, table
    ):
        """The first such report ends the trial as diverged, with the figure."""
        name = driven.policy.propose().trial
        decision = driven.policy.report(name, {"report": make_report(2, value)})
        assert (decision.action, decision.state) == ("stop", "diverged")
        row = table(driven, "trials")[0]
        assert row["state"] == "diverged"
        assert "mean_joint_error_mm" in row["reason"]
        assert queries.best(queries.read(driven.store, "trials", "s")).num_rows == 0

    def test_a_term_that_is_no_number_stops_at_once(self, driven, make_report, table):
        """Also in a stage without an objective."""
        name = driven.policy.propose().trial
        early = make_report(
            0, 0, stage="gan", epoch=3, metrics={}, terms={"x": math.nan}
        )
        assert driven.policy.report(name, {"report": early}).state == "diverged"
        row = table(driven, "trials")[0]
        assert row["reason"] == "`x` was nan after epoch 3 of stage gan."
        assert row["epoch"] is None

    def test_a_collapse_stops_at_once(self, driven, make_report, table):
        """The finding of a report ends the trial, with rule, value and limit."""
        name = driven.policy.propose().trial
        driven.policy.report(name, {"report": make_report(1, 20.0)})
        decision = driven.policy.report(
            name, {"report": make_report(2, 19.0, finding=COLLAPSE)}
        )
        assert (decision.action, decision.state) == ("stop", "collapsed")
        row = table(driven, "trials")[0]
        assert (row["state"], row["event"], row["epoch"]) == ("collapsed", "ended", 2)
        assert row["reason"] == (
            "mode collapse: `image_spread_ratio` was 0.03, below 0.1 for 3 epochs, "
            "after epoch 2 of stage joint."
        )
        assert [row["epoch"] for row in table(driven, "reports")] == [1, 2]
        assert queries.best(queries.read(driven.store, "trials", "s")).num_rows == 0

    def test_a_collapse_before_the_joint_stage(self, driven, make_report, table):
        """A pose VAE that has collapsed costs no joint epoch."""
        name = driven.policy.propose().trial
        early = make_report(0, 0, stage="vae", epoch=3, metrics={}, finding=COLLAPSE)
        assert driven.policy.report(name, {"report": early}).state == "collapsed"
        row = table(driven, "trials")[0]
        assert (row["state"], row["epoch"]) == ("collapsed", None)
        assert row["reason"].endswith("after epoch 3 of stage vae.")

    def test_no_number_comes_before_a_collapse(self, driven, make_report):
        """A report with both ends as diverged."""
        name = driven.policy.propose().trial
        both = make_report(1, math.nan, finding=COLLAPSE)
        assert driven.policy.report(name, {"report": both}).state == "diverged"

    @pytest.mark.parametrize(
        ("error", "finding"), [(math.nan, None), (5.0, COLLAPSE)], ids=["nan", "mode"]
    )
    def test_it_leaves_the_rungs(self, driven, make_report, error, finding):
        """One that was ahead and then failed stops nobody."""
        first, _, third = (driven.policy.propose() for _ in range(3))
        assert third.ratio == first.ratio
        driven.policy.report(first.trial, {"report": make_report(1, 5.0)})
        last = make_report(2, error, finding=finding)
        driven.policy.report(first.trial, {"report": last})
        decision = driven.policy.report(third.trial, {"report": make_report(1, 9.0)})
        assert (decision.action, decision.rank, decision.peers) == ("continue", 1, 1)

    def test_the_next_proposal_counts_it_among_the_bad(self, driven, make_report):
        """The sampler is told the state, and no value."""
        name = driven.policy.propose().trial
        bad = make_report(1, 1.0, finding=COLLAPSE)
        driven.policy.report(name, {"report": bad})
        assert driven.policy.trials[name].record().state == "collapsed"
        assert "collapsed" not in study.VALUED

    def test_a_failure_that_would_come_again_ends_the_trial(
        self, driven, make_report, table
    ):
        """It is crashed with its reason, leaves the rungs, and no report is stored."""
        first, _, third = (driven.policy.propose() for _ in range(3))
        driven.policy.report(first.trial, {"report": make_report(1, 5.0)})
        decision = driven.policy.report(
            first.trial, {"report": failed("out of memory")}
        )
        assert (decision.action, decision.state) == ("stop", "crashed")
        row = table(driven, "trials")[0]
        assert (row["state"], row["reason"]) == ("crashed", "out of memory")
        assert (row["event"], row["attempt"], row["epoch"]) == ("ended", 1, 1)
        assert [row["epoch"] for row in table(driven, "reports")] == [1]
        decision = driven.policy.report(third.trial, {"report": make_report(1, 9.0)})
        assert (decision.action, decision.rank, decision.peers) == ("continue", 1, 1)

    def test_a_crash_keeps_its_message(self, driven, table):
        """Retries are counted, the last failure ends the trial."""
        name = driven.policy.propose().trial
        driven.policy.retried(name, "OSError: first")
        driven.policy.crashed(name, "OSError: last")
        row = table(driven, "trials")[0]
        assert (row["state"], row["reason"]) == ("crashed", "OSError: last")
        assert row["attempt"] == 2

    def test_the_search_goes_on_after_them(self, driven, make_report, table):
        """One diverged and one crashed trial leave ten to run."""
        first, second = driven.policy.propose(), driven.policy.propose()
        driven.policy.report(first.trial, {"report": make_report(1, math.nan)})
        driven.policy.crashed(second.trial, "RuntimeError: no")
        driven.run()
        states = [row["state"] for row in table(driven, "trials")]
        assert (states.count("diverged"), states.count("crashed")) == (1, 1)
        assert len(states) == 12
        assert driven.policy.finished


class TestResume:
    def reopened(self, driven, make_driven, trials=12):
        """The same search in a new process, as it were."""
        driven.writer.close()
        again = make_driven(trials)
        again.policy.restore(
            queries.wide(again.store, "s").to_pylist(),
            again.store.rows("trials", "s").to_pylist(),
            again.store.rows("reports", "s").to_pylist(),
        )
        return again

    def test_a_trial_that_went_on_is_not_stopped(
        self, driven, make_driven, make_report
    ):
        """A report that came again after a retry has the place of the first one."""
        first, _, third = [driven.policy.propose() for _ in range(3)]
        assert first.ratio == third.ratio

        def says(policy, trial, step, error):
            return policy.report(trial, {"report": make_report(step, error)}).action

        assert says(driven.policy, first.trial, 1, 10.0) == "continue"
        assert says(driven.policy, third.trial, 1, 5.0) == "continue"
        driven.policy.retried(first.trial, "Its worker died.")
        assert says(driven.policy, first.trial, 1, 10.0) == "continue"
        assert says(driven.policy, first.trial, 2, 4.0) == "continue"
        again = self.reopened(driven, make_driven)
        assert again.policy.trials[first.trial].open
        resumed = [again.policy.propose().trial for _ in range(3)]
        assert resumed[0] == first.trial
        assert says(again.policy, first.trial, 3, 3.0) == "continue"

    @pytest.mark.parametrize(("ended", "steps"), [(0, 1), (3, 2), (5, 4), (7, 8)])
    def test_an_interrupted_search_ends_in_the_same_table(
        self, make_driven, tmp_path, ended, steps, table
    ):
        """Stopped anywhere and gone on with, it proposes and decides the same."""
        first = make_driven()
        for _ in range(ended):
            first.run_one()
        first.run_one(until=steps)
        again = self.reopened(first, make_driven)
        again.run()
        columns = ("trial", "state", "reason", "losses.kl", "epoch", "objective_mm")
        found = [tuple(row[c] for c in columns) for row in table(again, "trials")]
        again.writer.close()
        whole = type(first)(tmp_path / "other", 12)
        whole.run()
        expected = [tuple(row[c] for c in columns) for row in table(whole, "trials")]
        whole.writer.close()
        assert found == expected

    @pytest.mark.parametrize(
        ("error", "finding"), [(math.nan, None), (5.0, COLLAPSE)], ids=["nan", "mode"]
    )
    @pytest.mark.parametrize("ended", [1, 2])
    def test_failures_are_replayed_where_they_happened(
        self, driven, make_driven, make_report, ended, error, finding
    ):
        """A trial that was ahead and then failed is withdrawn after a restart too."""
        first, _ = driven.policy.propose(), driven.policy.propose()
        for step in range(1, ended):
            driven.policy.report(first.trial, {"report": make_report(step, 5.0)})
        last = make_report(ended, error, finding=finding)
        driven.policy.report(first.trial, {"report": last})
        again = self.reopened(driven, make_driven)
        again.policy.propose()
        third = again.policy.propose()
        assert third.ratio == first.ratio
        decision = again.policy.report(third.trial, {"report": make_report(1, 9.0)})
        assert (decision.action, decision.rank, decision.peers) == ("continue", 1, 1)

    def test_a_finished_search_has_nothing_to_do(self, driven, make_driven):
        """Opened again, it is finished and proposes nothing."""
        driven.run()
        again = self.reopened(driven, make_driven)
        assert again.policy.finished
        assert again.policy.propose() is None

    def test_more_trials_extend_it(self, driven, make_driven, table):
        """Two more proposals follow, and the old rows stay as they were."""
        driven.run()
        before = table(driven, "trials")
        again = self.reopened(driven, make_driven, trials=14)
        again.run()
        after = table(again, "trials")
        assert len(after) == 14
        assert after[:12] == before

    def test_a_resumed_trial_has_another_attempt(self, driven, make_driven, table):
        """The row says that it was restored."""
        driven.run_one(until=2)
        again = self.reopened(driven, make_driven)
        again.policy.propose()
        row = table(again, "trials")[0]
        assert (row["event"], row["attempt"], row["state"]) == (
            "resumed",
            2,
            "running",
        )

    def test_a_resumed_trial_is_not_given_a_note_as_its_reason(
        self, driven, make_driven, make_report, table
    ):
        """Who paid for a pre-training is told of that event, and no later one."""
        name = driven.policy.propose().trial
        note = "gan 4f: trained here"
        for paid in ((), (note,)):
            early = make_report(0, 0, stage="gan", epoch=2, metrics={}, paid=paid)
            driven.policy.report(name, {"report": early})
        assert table(driven, "trials")[0]["reason"] == note
        again = self.reopened(driven, make_driven)
        again.policy.propose()
        row = table(again, "trials")[0]
        assert (row["event"], row["reason"]) == ("resumed", "")


class TestNotes:
    @pytest.mark.parametrize(
        ("note", "event"),
        [("restored", "checkpoint_damaged"), ("unsaved", "checkpoint_failed")],
    )
    def test_are_events_with_their_sentence(
        self, driven, make_report, note, event, table
    ):
        """What was amiss with checkpoints is a row; the trial goes on."""
        name = driven.policy.propose().trial
        driven.policy.report(name, {"report": make_report(1, 20.0)})
        said = make_report(2, 20.0, **{note: ("One is damaged.",)})
        assert driven.policy.report(name, {"report": said}).action == "continue"
        row = table(driven, "trials")[0]
        assert (row["event"], row["reason"]) == (event, "One is damaged.")
        assert row["state"] == "running"

    def test_a_run_that_lost_its_checkpoints_is_no_secret(
        self, driven, make_driven, make_report, table
    ):
        """Joint steps are stored, and it begins before them: said once an attempt."""
        driven.run_one(until=2)
        again = TestResume().reopened(driven, make_driven)
        name = again.policy.propose().trial
        early = make_report(0, 0, stage="gan", epoch=1, metrics={})
        rows = []
        for _ in range(2):
            again.policy.report(name, {"report": early})
            rows.append(table(again, "trials")[0])
        assert rows[0]["event"] == "checkpoint_damaged"
        assert rows[0]["reason"] == (
            "No checkpoint of the joint stage was found, the run goes on from gan "
            "epoch 0."
        )
        assert rows[1]["seq"] == rows[0]["seq"]

    def test_a_run_that_goes_on_in_its_stage_says_nothing(
        self, driven, make_driven, table
    ):
        """Neither a resumed trial nor a new one."""
        driven.run_one(until=2)
        again = TestResume().reopened(driven, make_driven)
        again.run_one(until=3)
        assert table(again, "trials")[0]["event"] == "resumed"
        assert table(again, "trials")[0]["reason"] == ""
