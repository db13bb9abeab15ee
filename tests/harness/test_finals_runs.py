"""Training and test of finals, with a plain loop in place of the cluster's."""

from types import SimpleNamespace

import numpy as np
import pytest

from harness import entrants, finals_runs
from harness.cluster.nodes import Nodes
from harness.definition.job import Plan
from harness.worker.runner import Runner
from results import queries


SEEDS = (8, 9)


def loop(policy, plan, runner, name, **_):
    """Run what a policy proposes, one after the other; a run has no second try."""
    assert name == "s"
    while (proposal := policy.propose()) is not None:
        trained = runner(plan.job(proposal.trial, proposal.config))
        action = "continue"
        while action != "stop":
            try:
                report = trained.advance()
            except RuntimeError as error:
                policy.crashed(proposal.trial, str(error))
                break
            action = policy.report(proposal.trial, {"report": report}).action


@pytest.fixture
def scene(driven, tmp_path, monkeypatch, make_report):
    """A search that has ended, and runs that take one epoch."""
    monkeypatch.setattr(finals_runs, "run_policy", loop)
    driven.run()
    driven.writer.flush()
    told = SimpleNamespace(ran=[], failing=None)

    class OneEpoch(Runner):
        """An error of 20 mm and a test error of 21; the one that is to fails."""

        def advance(self):
            """The last epoch."""
            told.ran.append((self.job.trial, self.job.test))
            if self.job.trial == told.failing:
                raise RuntimeError("It died.")
            figures = {"frames": 1, "mean_joint_error_mm": 21.0}
            if not self.job.test:
                return make_report(9, 20.0)
            errors_mm = np.ones((1, 2))
            return make_report(9, 20.0, final=figures, test_errors_mm=errors_mm)

    folder = str(tmp_path / "checkpoints")
    told.scene = finals_runs.Scene(
        store=driven.store,
        header=driven.store.header("s"),
        writer=driven.writer,
        plan=Plan(data=None, checkpoints=folder),
        seats=SimpleNamespace(runner=OneEpoch, slots=1, resources={}),
        retries=0,
        nodes=Nodes(),
        screen=None,
    )
    told.field = entrants.of(driven.store, told.scene.header, 1)
    return told


def train(told):
    """Train every run over two seeds."""
    done = finals_runs.train(told.scene, told.field, SEEDS, 6, {0.5: 20, 1.0: 40})
    told.scene.writer.flush()
    return done


def looks(told):
    """Looks of each ratio that have rows, and how many."""
    told.scene.writer.flush()
    found = {}
    for row in finals_runs.rows(told.scene.store, "s"):
        key = row["labelled_ratio"], row["look"]
        found[key] = found.get(key, 0) + 1
    return found


def test_every_run_is_trained_once_and_not_tested(scene):
    """Three entrants, two ratios, two seeds; a second call runs nothing."""
    assert train(scene)
    assert len(scene.ran) == len(set(scene.ran)) == 12
    assert not any(test for _, test in scene.ran)
    assert looks(scene) == {(0.5, 0): 6, (1.0, 0): 6}
    rows = finals_runs.rows(scene.scene.store, "s")
    assert {row["labelled_frames"] for row in rows} == {20, 40}
    assert {row["frames"] for row in rows} == {6}
    assert train(scene)
    assert len(scene.ran) == 12


def test_a_look_tests_each_run_of_its_ratios(scene):
    """Each is one more for its own ratio, with the errors of the frames."""
    train(scene)
    scene.ran.clear()
    assert finals_runs.look(scene.scene, {0.5}) == (True, 0)
    assert len(scene.ran) == 6
    assert all(test for _, test in scene.ran)
    assert looks(scene) == {(0.5, 0): 6, (1.0, 0): 6, (0.5, 1): 6}
    assert finals_runs.look(scene.scene, {0.5, 1.0}) == (True, 0)
    assert looks(scene) == {
        **{(0.5, look): 6 for look in (0, 1, 2)},
        **{(1.0, look): 6 for look in (0, 1)},
    }
    frames = queries.read(scene.scene.store, "frames", "s").to_pylist()
    assert len(frames) == 18
    assert frames[0]["per_joint_mm"] == [1.0, 1.0]


def test_a_look_that_one_run_fails_has_not_happened(scene):
    """It is counted, nothing is stored, and the next one is the first."""
    train(scene)
    scene.failing = scene.field[0].run(9)
    assert finals_runs.look(scene.scene, {0.5, 1.0}) == (False, 1)
    assert looks(scene) == {(0.5, 0): 6, (1.0, 0): 6}
    assert queries.read(scene.scene.store, "frames", "s").num_rows == 0
    scene.failing = None
    assert finals_runs.look(scene.scene, {0.5, 1.0}) == (True, 0)
    assert looks(scene)[0.5, 1] == 6


def test_runs_without_networks_are_not_tested(scene):
    """One that crashed is left out; where all have, the cluster is not asked."""
    scene.failing = scene.field[0].run(8)
    assert train(scene)
    assert finals_runs.look(scene.scene, {0.5}) == (True, 0)
    assert looks(scene) == {(0.5, 0): 6, (1.0, 0): 6, (0.5, 1): 5}
    scene.ran.clear()
    assert finals_runs.look(scene.scene, {0.25}) == (True, 0)
    assert scene.ran == []
