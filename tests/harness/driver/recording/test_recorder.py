"""The rows that a search leaves in its store."""

import json

import pytest

from cnets.config import TrainConfig
from cnets.training.health import rules
from results.format import schema


def untimed(rows):
    """Rows without what no two stores have in common."""
    return [
        {k: v for k, v in row.items() if k not in ("time_utc", "seq")} for row in rows
    ]


class TestASearch:
    def test_every_step_is_stored_as_reported(self, driven, table):
        """Errors, terms and figures come back from the store unchanged."""
        driven.run()
        for row in table(driven, "reports"):
            expected = driven.error(row["trial"], row["epoch"])
            assert row["objective_mm"] == expected
            assert row["mean_joint_error_mm"] == pytest.approx(expected, rel=1e-7)
            assert row["median_joint_error_mm"] == expected / 2
            assert row["posterior"] == 0.5
            assert row["kl"] is None

    def test_health_is_stored_with_the_step(self, driven, make_report, table):
        """Every figure that a rule or advice looks at is a column of `reports`."""
        figures = {rule.figure: 0.5 for rule in rules.COLLAPSES}
        others = dict.fromkeys((*schema.TRUNK_SHARES, "vae_floor_mm"), 0.25)
        name = driven.policy.propose().trial
        driven.policy.report(
            name, {"report": make_report(1, 20.0, health=figures | others)}
        )
        driven.policy.report(name, {"report": make_report(2, 20.0)})
        assert set(figures) == set(schema.HEALTH_FIGURES)
        first, second = table(driven, "reports")
        figures |= others
        assert {name: first[name] for name in figures} == figures
        assert {name: second[name] for name in figures} == dict.fromkeys(figures)

    def test_the_row_of_a_trial_is_its_last_step(self, driven, table):
        """Step and objective of `trials` are those of its newest report."""
        driven.run()
        last = {}
        for row in table(driven, "reports"):
            last[row["trial"]] = max(
                last.get(row["trial"], (0, 0)), (row["epoch"], row["objective_mm"])
            )
        for row in table(driven, "trials"):
            assert (row["epoch"], row["objective_mm"]) == last[row["trial"]]

    def test_a_row_holds_all_that_its_run_needs(self, driven, table):
        """The stored configuration is the base with the proposal and the seeds."""
        driven.run_one()
        driven.run_one()
        row = table(driven, "trials")[1]
        run = TrainConfig().replace(json.loads(row["config_json"]))
        assert run.losses.kl == row["losses.kl"]
        assert run.labelled_ratio == row["labelled_ratio"] == 1.0
        assert (run.seed, run.label_seed) == (row["seed"], row["label_seed"]) == (7, 7)
        assert run.joint.epochs == 9


class TestEpochsThatComeTogether:
    def test_are_stored_as_if_each_had_come_alone(
        self, driving, make_report, tmp_path, table, groups
    ):
        """The same rows and decision, in one group."""
        alone, together = driving(tmp_path / "a"), driving(tmp_path / "b")
        name = alone.policy.propose().trial
        assert together.policy.propose().trial == name
        every = [make_report(step, 20.0 - step) for step in (1, 2, 3)]
        decisions = [alone.policy.report(name, {"report": report}) for report in every]
        before = len(groups(together))
        result = {"report": every[2], "before": every[:2]}
        assert together.policy.report(name, result) == decisions[2]
        assert len(groups(together)) == before + 1
        for kind in ("trials", "reports", "decisions"):
            assert untimed(table(alone, kind)) == untimed(table(together, kind))


class TestGroups:
    def test_an_exception_stores_none_of_a_group(self, driven, table):
        """What was recorded before the error is gone; what comes after is stored."""
        driven.policy.propose()
        trial = driven.policy.trials["t-00001"]
        before = table(driven, "trials")
        recorder = driven.policy._recorder
        with pytest.raises(ZeroDivisionError), recorder.together():  # noqa: PT012
            recorder.event(trial, "started")
            raise ZeroDivisionError
        assert table(driven, "trials") == before
        recorder.event(trial, "started")
        assert table(driven, "trials")[0]["event"] == "started"

    def test_a_final_run_gets_the_version_of_the_code(self, driven, table):
        """The row is the caller's, with the recorder's version beside it."""
        row = {
            "attempt": 1,
            "entrant": "t-00001",
            "look": 1,
            "state": "completed",
            "reason": "",
            "trial": "t-00001",
            "labelled_ratio": 1.0,
            "final_seed": 3,
            "split": "test",
            "frames": 10,
            "mean_joint_error_mm": 11.0,
            "frames_within_40mm": 0.5,
            "validation_mm": 9.0,
            "search_mm": 10.0,
            "mean_pose_mm": 40.0,
            "wall_time_s": 1.0,
            "config_json": "{}",
        }
        driven.policy._recorder.finals([row])
        (stored,) = table(driven, "finals")
        assert {name: stored[name] for name in row} == row
        assert stored["code_version"] == "test"

    def test_the_runs_of_a_look_stand_or_fall_together(self, driven, table, groups):
        """They are one group; a row that does not fit takes the others with it."""
        row = {"attempt": 1, "entrant": "start", "labelled_ratio": 1.0, "look": 1}
        row |= {"state": "completed", "reason": "", "split": "test", "frames": 1}
        rows = [{**row, "final_seed": n, "config_json": "{}"} for n in (8, 9)]
        before = len(groups(driven))
        with pytest.raises(ValueError, match="state"):
            driven.policy._recorder.finals([rows[0], rows[1] | {"state": "odd"}])
        assert table(driven, "finals") == []
        driven.policy._recorder.finals(rows)
        assert len(groups(driven)) == before + 1
        assert [found["final_seed"] for found in table(driven, "finals")] == [8, 9]

    def test_frames_are_rows_of_their_own(self, driven, table):
        """As the caller has made them."""
        row = {"attempt": 1, "entrant": "start", "labelled_ratio": 1.0, "look": 1}
        row |= {"final_seed": 8, "split": "test", "mean_joint_error_mm": 2.0}
        row |= {"per_joint_mm": [1.0, 3.0]}
        driven.policy._recorder.frames([row | {"frame": n} for n in (0, 1)])
        stored = table(driven, "frames")
        assert [{name: found[name] for name in row} for found in stored] == [row, row]
