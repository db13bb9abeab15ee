"""A search from the command line to the store, on a Ray that is there."""

import contextlib
import dataclasses
import math
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ray import cloudpickle

from crossnets import SearchOptions, rerun, search
from harness.commands import cli, exit_codes
from harness.definition.job import Job
from harness.definition.report import Report
from harness.driver import asking
from harness.search import Search
from harness.worker.runner import Runner
from results import Store, queries


pytestmark = pytest.mark.ray

cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Formula(Runner):
    """Errors by formula; trials 2 and 3 diverge and crash, 1 crashes once."""

    def __init__(self, job: Job) -> None:
        """Start at the step after the last one written down."""
        super().__init__(job)
        self.mark = Path(job.checkpoints)
        self.mark.mkdir(parents=True, exist_ok=True)
        self.step = len(list(self.mark.glob("step-*")))

    def advance(self) -> Report:
        """One step of the formula, or the test of a run that has ended."""
        number = int(self.job.trial[2:7]) if self.job.trial[:2] == "t-" else 9
        if not (self.job.test and self.step == self.job.config.joint.epochs):
            self.step += 1
        if number == 3 or (number == 1 and self.attempts() == 0 and self.step == 3):
            (self.mark / f"crash-{self.attempts()}").touch()
            raise RuntimeError(f"Trial {number} has crashed.")
        (self.mark / f"step-{self.step}").touch()
        weight = self.job.config.losses.posterior
        error = (20 + abs(math.log(weight / 3))) * (1 + 1 / self.step)
        error = math.nan if number == 2 and self.step == 2 else error
        last = self.step == self.job.config.joint.epochs
        return Report(
            stage="joint",
            epoch=self.step,
            epochs=self.job.config.joint.epochs,
            step=self.step,
            last=last,
            terms={"posterior": 0.1},
            metrics={"mean_joint_error_mm": error, "frames_within_40mm": 0.5},
            seconds=0.01,
            node="here",
            final=final(error) if last and self.job.test else {},
        )

    def attempts(self) -> int:
        """How often this trial has crashed."""
        return len(list(self.mark.glob("crash-*")))


def final(error: float) -> dict:
    """Figures on the test split of a made-up run."""
    return {
        "frames": 10,
        "mean_joint_error_mm": error + 1,
        "frames_within_40mm": 0.5,
        "validation_mm": error,
        "mean_pose_mm": 50.0,
    }


OPTIONS = SearchOptions(
    data="synthetic:40", preset="tiny", ratios="0.1,1.0", trials=8, concurrency=2
)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A search with every kind of end, and its finals."""
    where = {"store": tmp_path_factory.mktemp("search") / "runs"}
    done = search("s", OPTIONS, **where, runner=Formula)
    finals = rerun("s", seeds=2, **where, runner=Formula)
    return where["store"], done, finals


FIXED = ("start", "supervised")
"""Entrants of every final."""


def rows(store: Path, table: str) -> list[dict]:
    """The newest rows of a table."""
    if table == "trials_wide":
        return queries.wide(Store.open(store), "s").to_pylist()
    return queries.read(Store.open(store), table, "s").to_pylist()


class TestASearch:
    def test_ends_of_every_kind_with_their_reasons(self, ended):
        """Diverged, crashed, stopped and completed trials are rows; it went on."""
        store, done, _ = ended
        by_name = {row["trial"]: row for row in rows(store, "trials")}
        assert len(by_name) == 8
        assert by_name["t-00002"]["state"] == "diverged"
        assert "nan" in by_name["t-00002"]["reason"]
        assert by_name["t-00003"]["state"] == "crashed"
        assert by_name["t-00003"]["reason"] == "RuntimeError: Trial 3 has crashed."
        assert by_name["t-00003"]["attempt"] == 3
        states = [row["state"] for row in by_name.values()]
        assert "paused" in states
        assert "completed" in states
        assert done.finished
        assert done.states["crashed"] == 1

    def test_a_crash_is_retried_and_no_step_is_lost_or_doubled(self, ended):
        """Trial 1 crashed once; its steps are there once each."""
        store, *_ = ended
        row = next(r for r in rows(store, "trials") if r["trial"] == "t-00001")
        assert row["attempt"] == 2
        steps = [r["epoch"] for r in rows(store, "reports") if r["trial"] == "t-00001"]
        assert steps == list(range(1, row["epoch"] + 1))

    def test_the_logs_tell_of_the_search_and_of_each_failure(self, ended):
        """The driver's has the failures in words, a worker's with their tracebacks."""
        store, *_ = ended
        folder = store / "logs" / "s"
        driver = (folder / "driver.log").read_text("utf-8")
        assert re.search(r"s: \d+\.\d/\d+\.\d trainings, .* in all ", driver)
        assert driver.count("t-00003: RuntimeError: Trial 3 has crashed.") == 3
        workers = "".join(p.read_text("utf-8") for p in folder.glob("worker-*.log"))
        assert "t-00001 begins or goes on." in workers
        assert workers.count("t-00003 has failed.") == 3
        assert 'raise RuntimeError(f"Trial {number} has crashed.")' in workers

    def test_every_report_is_what_the_runner_said(self, ended):
        """The stored error follows the formula from the stored weight."""
        store, *_ = ended
        weights = {
            r["trial"]: r["losses.posterior"] for r in rows(store, "trials_wide")
        }
        for row in rows(store, "reports"):
            expected = (20 + abs(math.log(weights[row["trial"]] / 3))) * (
                1 + 1 / row["epoch"]
            )
            if math.isfinite(row["objective_mm"]):
                assert row["objective_mm"] == expected

    def test_the_same_command_again_starts_nothing(self, ended):
        """A finished search is read, and Ray is not even asked."""
        store, *_ = ended
        before = rows(store, "trials")
        again = search("s", OPTIONS, store=store, address="nowhere:1", runner=Formula)
        assert again.finished
        assert str(rows(store, "trials")) == str(before)

    def test_another_search_of_that_name_is_refused(self, ended):
        """The sentence says what differs; nothing is written."""
        store, *_ = ended
        before = sorted(os.walk(store))
        for change, what in (
            ({"space": "loss_weights"}, "another space"),
            ({"seed": 1}, "another seed"),
            ({"data": "synthetic:60"}, "other data"),
            (
                {"preset": "small", "set": ("networks.side_px=32",)},
                "another base configuration",
            ),
            ({"ratios": "1.0"}, "other ratios"),
            ({"eta": 3.0}, "other rules"),
            ({"scheduler": "stop"}, "other rules"),
            ({"sampler": "random"}, "other rules"),
        ):
            other = dataclasses.replace(OPTIONS, **change)
            with pytest.raises(ValueError, match=f"`s` exists with {what}"):
                search("s", other, store=store, runner=Formula)
        after = sorted(entry for entry in os.walk(store) if "cache" not in entry[0])
        assert after == [entry for entry in before if "cache" not in entry[0]]

    def test_a_second_driver_is_refused_before_a_cluster_is_asked(self, ended):
        """The address is no cluster's, and nobody hears of that."""
        store, *_ = ended
        more = dataclasses.replace(OPTIONS, trials=OPTIONS.trials + 1)
        with (
            Store.open(store).writer("s"),
            pytest.raises(ValueError, match="`s` must have one driver at a time"),
        ):
            search("s", more, store=store, address="nowhere:1", runner=Formula)

    def test_finals_are_those_of_the_best(self, ended):
        """Mean and deviation over two seeds of equal runs: the formula and zero."""
        store, _, finals = ended
        best = queries.best(queries.read(Store.open(store), "trials", "s")).to_pylist()
        found = finals.table.to_pylist()
        of_trials = [row for row in found if row["entrant"] not in FIXED]
        started = {r["trial"] for r in rows(store, "trials") if r["origin"] == "start"}
        winners = [row for row in best if row["trial"] not in started]
        assert [row["entrant"] for row in of_trials] == [r["trial"] for r in winners]
        for row, winner in zip(of_trials, winners, strict=True):
            assert row["test_mean_mm"] == pytest.approx(winner["objective_mm"] + 1)
            assert row["test_std_mm"] == pytest.approx(0.0)
            assert row["optimism_mm"] == pytest.approx(0.0)
            assert (row["seeds"], row["look"]) == (2, 1)

    def test_every_ratio_has_what_its_best_must_beat(self, ended):
        """The start and the supervised baseline, over the same seeds."""
        _, _, finals = ended
        found = finals.table.to_pylist()
        for ratio in (0.1, 1.0):
            names = {row["entrant"] for row in found if row["labelled_ratio"] == ratio}
            assert names >= set(FIXED)

    def test_finals_that_are_there_are_not_repeated(self, ended):
        """A second rerun runs nothing and gives the same table."""
        store, _, finals = ended
        again = rerun("s", seeds=2, store=store, address="nowhere:1", runner=Formula)
        assert again.table == finals.table
        assert again.finished


@pytest.mark.parametrize(
    ("states", "finished", "fruitless"),
    [
        ({"diverged": 4, "crashed": 1}, True, True),
        ({"diverged": 4, "completed": 1}, True, False),
        ({"collapsed": 4, "stopped": 1}, True, False),
        ({"diverged": 4}, False, False),
    ],
)
def test_a_search_without_a_sound_trial(states, finished, fruitless):
    """It has ended, and no trial of it can be used."""
    done = Search(name="s", store=None, finished=finished, states=states)
    assert done.is_fruitless == fruitless


def test_too_many_crashes_are_an_exit_code(tmp_path, monkeypatch, capsys):
    """A search that ends with a quarter of its trials crashed exits with 1."""
    monkeypatch.setattr("harness.search.TrainRunner", Formula)
    defaults = search.__kwdefaults__
    monkeypatch.setitem(defaults, "runner", Formula)
    words = "search s --data synthetic:40 --preset tiny --ratios 1.0 --trials 4"
    code = cli.run([*words.split(), "--store", str(tmp_path), "--retries", "0"])
    assert code == exit_codes.FAILED
    out, err = capsys.readouterr()
    assert "completed" in out
    assert "Traceback" not in err


class Steady(Formula):
    """The formula without its failures."""

    def __init__(self, job: Job) -> None:
        """A trial whose number fails nowhere."""
        super().__init__(dataclasses.replace(job, trial="t-00009"))
        self.mark = Path(job.checkpoints)


class Slow(Steady):
    """The same, a fifth of a second each; the first trial waits for its cancellation."""

    def advance(self) -> Report:
        """One step of the formula, after a while."""
        time.sleep(0.2)
        until_s, last = time.monotonic() + 120, self.job.config.joint.epochs
        store = self.mark.parents[2]
        while self.mark.name == "t-00001" and self.step + 1 == last:
            ends = {r["trial"]: r["state"] for r in rows(store, "trials")}
            if ends["t-00001"] == "cancelled" or time.monotonic() > until_s:
                break
            time.sleep(0.05)
        return super().advance()


class Waiting(Steady):
    """The same, with a last epoch that waits until two trials are wanted."""

    def advance(self) -> Report:
        """One step of the formula, the last one after the wish."""
        until_s = time.monotonic() + 120
        while self.step + 1 == self.job.config.joint.epochs:
            store = Path(self.job.checkpoints).parents[2]
            if Store.open(store).wanted("s") == 2 or time.monotonic() > until_s:
                break
            time.sleep(0.05)
        return super().advance()


def asked(store: Path, *wishes: dict) -> list[str]:
    """What the driver says to wishes, one after the other, when trials run."""
    said = []
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        with contextlib.suppress(ValueError, OSError):
            if queries.progress(Store.open(store), "s").states.get("running"):
                break
        time.sleep(0.2)
    for wish in wishes:
        said.append(str(asking.ask(Store.open(store), "s", wish, wait_s=60)))
    return said


def test_a_search_does_as_it_is_asked_from_outside(tmp_path):
    """One trial ends, the number changes, the search ends, and the rest goes on."""
    options = dataclasses.replace(OPTIONS, trials=3, concurrency=1)
    store, wishes = tmp_path / "runs", [{"kind": "cancel", "trial": "t-00001"}]
    wishes += [{"kind": "trials", "trials": n} for n in (9, 4)] + [{"kind": "stop"}]
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(asked, store, *wishes)
        done = search("s", options, store=store, runner=Slow)
    assert [words.split()[1] for words in said.result()] == ["is", "has", "has", "ends"]
    assert not done.finished
    again = search("s", options, store=store, runner=Slow)
    assert again.finished
    assert sum(again.states.values()) >= 4  # as many as had begun by then
    row = rows(store, "trials")[0]
    assert (row["trial"], row["state"], row["attempt"]) == ("t-00001", "cancelled", 1)


def test_more_trials_are_taken_up_while_the_last_one_runs(tmp_path):
    """Tune asks again after it was told that there is no more for now."""
    options = dataclasses.replace(OPTIONS, trials=1, ratios="1.0", concurrency=1)
    store = tmp_path / "runs"
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(asked, store, {"kind": "trials", "trials": 2})
        done = search("s", options, store=store, runner=Waiting)
    assert said.result() == ["s has 2 trials now (1 before)."]
    assert done.finished
    assert sum(done.states.values()) == 2
    assert Store.open(store).wanted("s") == 2


def test_a_space_that_is_used_up_ends_the_search(tmp_path, monkeypatch, capsys):
    """Three configurations at two ratios: six of twenty trials, exit code 0, said."""
    (tmp_path / "few.toml").write_text(
        'name = "few"\n[parameters."losses.posterior"]\nkind = "one_of"\n'
        'values = [1.0, 2.0, 4.0]\n[start]\n"losses.posterior" = 1.0\n'
    )
    monkeypatch.setitem(search.__kwdefaults__, "runner", Steady)
    words = "search s --data synthetic:40 --preset tiny --ratios 0.1,1.0 --trials 20"
    words += f" --space {tmp_path / 'few.toml'} --store {tmp_path / 'runs'}"
    for _ in range(2):  # the second time nothing is run
        assert cli.run(words.split()) == exit_codes.DONE
        err = capsys.readouterr().err
        said = "s has ended: all 3 configurations of the space have been tried at each"
        assert said in err
    found = rows(tmp_path / "runs", "trials_wide")
    tried = {(row["labelled_ratio"], row["losses.posterior"]) for row in found}
    assert len(found) == len(tried) == 6
