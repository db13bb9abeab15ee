import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from cnets import metrics
from cnets.inference import exported, models, onnx_graph
from cnets.inference.model import Model
from cnets.training.lanes import Lane
from crossnets import SearchOptions
from harness import export
from harness.commands import cli
from harness.definition import provenance
from harness.definition.job import Plan
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.recording.recorder import Recorder
from harness.prepare import header_of, prepare
from harness.worker import process_bank, train_runner
from harness.worker.train_runner import TrainRunner
from results import Store


SHORT = (
    "vae.epochs=1",
    "vae.steps=3",
    "gan.epochs=1",
    "gan.steps=2",
    "joint.epochs=3",
    "joint.steps=2",
    "gan.batch_size=8",
    "joint.batch_size=8",
)
TRIAL = "s/t-00001"
WEIGHTS = "crossingnet_weights/NYU_pretrained"


@pytest.fixture
def store(tmp_path) -> Path:
    """Where this test's search is."""
    return tmp_path / "runs"


def train(store: Path, *, steps: int, end: bool = True) -> TrainRunner:
    """A search of one trial on forty embedded frames, ended after some steps."""
    options = SearchOptions(
        data="synthetic:40", preset="tiny", ratios="1.0", trials=1, set=SHORT
    )
    prepared = prepare("s", options, store / "cache")
    opened = Store.open(store, create=True)
    opened.create_search(header_of(prepared))
    with opened.writer("s") as writer:
        policy = SearchPolicy(
            space=prepared.space,
            ratios=prepared.ratios,
            seed=0,
            trials=1,
            base=prepared.base,
            rungs=options.rungs(),
            objective=options.objective,
            recorder=Recorder(writer, prepared.space.name, "test"),
            watch=lambda *_: None,
        )
        plan = Plan(
            base=prepared.base,
            data=prepared.choice,
            checkpoints=str(store / "checkpoints" / "s"),
        )
        proposal = policy.propose()
        assert proposal is not None
        trained = TrainRunner(plan.job(proposal.trial, proposal.values))
        while trained.lane.stage != "joint" or trained.lane.epoch < steps:
            policy.report(proposal.trial, {"report": trained.advance()})
        if end and not trained.lane.finished:
            policy.crashed(proposal.trial, "power cut")
        writer.flush()
    return trained


def same(model: Model, lane: Lane) -> bool:
    """Whether a model has a lane's networks to the last bit."""
    theirs = models.of_lane("lane", lane).modules
    return all(
        torch.equal(tensor, theirs[part].state_dict()[name])
        for part, module in model.modules.items()
        for name, tensor in module.state_dict().items()
    )


def test_the_command_writes_measures_and_checks_a_trial(store, tmp_path, capsys):
    """The folder's model, its ONNX graph and its figures are the trained lane's."""
    trained = train(store, steps=3)
    out = tmp_path / "exports" / "best"
    words = ["export", TRIAL, "--out", str(out), "--store", str(store)]
    assert cli.run([*words, "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    bank, lane = trained.bank, trained.lane
    loaded = exported.load(out)
    assert same(loaded, lane)
    assert loaded.camera == bank.data.camera
    assert exported.origin(out) == {
        "kind": "trial",
        "name": TRIAL,
        "step": "3",
        "data": "synthetic:40",
    }
    wanted = metrics.summary(bank.evaluate(lane, "test"))
    assert {n: said[n] for n in wanted} == pytest.approx(wanted, rel=1e-5)
    assert said["frames"] == len(bank.data.rows("test")) > 0
    assert said["vae_round_trip_mm"] == pytest.approx(round_trip(trained), rel=1e-5)
    assert 0 <= said["onnx_difference_mm"] <= 1e-3
    assert said["bytes"]["model.onnx"] == (out / "model.onnx").stat().st_size
    rows = bank.data.rows("validation")
    session = onnxruntime.InferenceSession(out / "model.onnx")
    (found,) = session.run(
        None,
        {
            "depth": bank.data.crops[rows].astype(np.float32)[:, None],
            "centre_mm": bank.data.centres_mm[rows],
        },
    )
    np.testing.assert_allclose(found, bank.predict(lane, rows), rtol=0, atol=1e-3)
    card = (out / "README.md").read_text()
    assert f"| {said['frames']} |" in card
    assert f"| {said['mean_joint_error_mm']:.4g} |" in card
    assert provenance.code_version() in card
    for path in out.iterdir():
        assert str(tmp_path).encode() not in path.read_bytes()


def round_trip(trained: TrainRunner) -> float:
    """Error of the test labels through the lane's VAE, from its own functions."""
    bank, lane = trained.bank, trained.lane
    rows, total = bank.data.rows("test"), []
    decoder = bank.modules(lane.config)["decoder"]
    for row in rows:
        code = bank.codes(lane, np.array([row]))[:, : lane.config.latent_size]
        net = lane.net("decoder", decoder)
        pose = torch.func.functional_call(decoder, net.params, (code,))
        joints = bank.data.joints_mm[row] - bank.data.joints_mm[row][bank.data.root]
        gap = pose.detach().numpy().reshape(-1, 3) * 50.0 - joints
        total.append(np.linalg.norm(gap, axis=1).mean())
    return float(np.mean(total))


class TestATrial:
    @pytest.mark.parametrize("steps", [1, 2])
    def test_is_trained_on_from_an_older_checkpoint(
        self, store, capsys, monkeypatch, steps
    ):
        """A trial that was stopped is as it was at its last report, to the bit."""
        monkeypatch.setattr(train_runner, "CHECKPOINT_EVERY_S", 0.0)
        trained = train(store, steps=steps)
        before = written(store)
        source = export.open_source(TRIAL, store)
        assert same(source.model, trained.lane)
        said = capsys.readouterr().err
        assert f"Training {TRIAL} on from its checkpoint to step {steps}." in said
        assert "in the store" not in said
        assert written(store) == before

    def test_without_checkpoints_is_trained_again(self, store, capsys):
        """The configuration and the seed are enough."""
        trained = train(store, steps=1)
        shutil.rmtree(store / "checkpoints")
        assert same(export.open_source(TRIAL, store).model, trained.lane)
        assert "in the store" not in capsys.readouterr().err
        assert not (store / "checkpoints").exists()

    def test_that_has_ended_is_read_from_its_last_checkpoint(self, store, capsys):
        """Nothing is trained."""
        trained = train(store, steps=3)
        assert same(export.open_source(TRIAL, store).model, trained.lane)
        assert capsys.readouterr().err == ""

    def test_another_error_than_the_stored_one_is_said(
        self, store, capsys, monkeypatch
    ):
        """The networks of another run give another error, and both are named."""
        train(store, steps=3)
        monkeypatch.setattr(export, "_saved", lambda *_: fresh(store))
        export.open_source(TRIAL, store)
        said = capsys.readouterr().err
        assert f"{TRIAL} has " in said
        assert "mm on the validation split here, and" in said


def written(store: Path) -> dict[Path, int]:
    """When each file of the checkpoints was written."""
    found = (store / "checkpoints").rglob("lane.*")
    return {path: path.stat().st_mtime_ns for path in found}


def fresh(store: Path) -> Lane:
    """A lane of the trial's configuration that was never trained."""
    again = export.repeat.stored(store, TRIAL)
    return process_bank.bank(again.data, "cpu").lane(again.config)


class TestOtherModels:
    def test_a_folder_of_a_run(self, store, tmp_path):
        """The newest checkpoint of the folder, under the folder's own name."""
        trained = train(store, steps=3)
        source = export.open_source(str(store / "checkpoints" / TRIAL), tmp_path)
        assert same(source.model, trained.lane)
        assert source.origin == {"kind": "run", "name": "t-00001"}
        assert source.data is None

    def test_an_export_keeps_where_it_came_from(self, store, tmp_path):
        """Exported twice, the origin is the first one."""
        train(store, steps=3)
        model = export.open_source(TRIAL, store).model
        origin = {"kind": "published", "name": "nyu"}
        exported.write(
            model,
            tmp_path / "one",
            graph=b"",
            card="",
            origin=origin,
            code_version="",
        )
        assert export.open_source(str(tmp_path / "one"), store).origin == origin

    def test_the_authors_weights(self, realdata, store, capsys, tmp_path):
        """Without data the graph is compared on rendered hands, errors are left out."""
        words = ["export", f"published:{realdata / WEIGHTS}", "--out"]
        words += [str(tmp_path / "nyu"), "--store", str(store), "--format", "json"]
        assert cli.run(words) == 0
        said = json.loads(capsys.readouterr().out)
        assert "mean_joint_error_mm" not in said
        assert said["onnx_frames"] == 24
        assert 0 < said["onnx_difference_mm"] <= 1e-3
        # trunk and posterior head 161,302; decoder 20 x 40 + 40 + 40 x 108 + 108
        assert said["parameters_of_prediction"] == 161_302 + 5_268
        card = (tmp_path / "nyu" / "README.md").read_text()
        assert "terms of their owners hold" in card
        assert str(realdata) not in card
        origin = exported.origin(tmp_path / "nyu")
        assert (origin["kind"], origin["name"]) == ("published", "NYU_pretrained")


class TestRefusals:
    def refused(self, capsys, words: list[str]) -> str:
        """The sentence of a command that ends with code 2 and prints nothing."""
        assert cli.run(["export", *words]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        return said.err

    def test_an_extra_that_is_missing(self, capsys, monkeypatch, tmp_path):
        """The sentence has the command that installs it."""
        monkeypatch.setattr(onnx_graph, "PACKAGES", ("onnx", "no_such_package"))
        out = tmp_path / "m"
        said = self.refused(capsys, [TRIAL, "--out", str(out)])
        assert "needs no_such_package: pip install 'crossnets[export]'" in said
        assert not out.exists()

    def test_a_folder_that_is_there(self, capsys, tmp_path):
        """Nothing is replaced."""
        said = self.refused(capsys, [TRIAL, "--out", str(tmp_path)])
        assert "`out` must not exist yet" in said

    def test_a_format_that_it_has_not(self, capsys, tmp_path):
        """An export is no table of many rows."""
        words = [TRIAL, "--out", str(tmp_path / "m"), "--format", "csv"]
        assert "`--format` must be table or json" in self.refused(capsys, words)

    @pytest.mark.parametrize("name", ["nothing", "a/b/c", "s/t-00001"])
    def test_a_model_that_is_not_there(self, capsys, tmp_path, monkeypatch, name):
        """No folder, no store: the three forms are listed."""
        monkeypatch.chdir(tmp_path)
        said = self.refused(capsys, [name, "--out", "m"])
        assert "`model` must be NAME/TRIAL of a search in `store`" in said
        assert list(tmp_path.iterdir()) == []

    def test_a_trial_that_is_not_there(self, capsys, store, tmp_path):
        """The sentence names the argument that was typed."""
        train(store, steps=1)
        words = ["s/t-00009", "--out", str(tmp_path / "m"), "--store", str(store)]
        said = self.refused(capsys, words)
        assert "`model` must name a trial of `s` (up to t-00001)" in said

    def test_a_trial_that_has_not_ended(self, capsys, store, tmp_path):
        """Which of its steps is wanted is not known yet."""
        train(store, steps=1, end=False)
        words = [TRIAL, "--out", str(tmp_path / "m"), "--store", str(store)]
        said = self.refused(capsys, words)
        assert "`model` must be a trial that has ended with a figure" in said

    def test_a_split_of_unknown_data(self, capsys, store, tmp_path):
        """A folder of a run does not say what it was trained on."""
        train(store, steps=3)
        run = str(store / "checkpoints" / TRIAL)
        words = [run, "--out", str(tmp_path / "m"), "--split", "person"]
        assert "`split` needs `data`" in self.refused(capsys, words)

    def test_data_of_another_hand(self, capsys, realdata, store, tmp_path):
        """Thirty-six joints cannot be compared with twenty-one."""
        words = [f"published:{realdata / WEIGHTS}", "--out", str(tmp_path / "m")]
        words += ["--data", "synthetic:40", "--store", str(store)]
        said = self.refused(capsys, words)
        assert "`data` must have the hand nyu36, as the model, got hand21" in said
        assert not (tmp_path / "m").exists()


def test_a_graph_of_other_weights_is_not_exported(store):
    """The comparison finds that the graph is not this model's."""
    trained = train(store, steps=2)
    graph = onnx_graph.graph(models.of_lane("before", trained.lane))
    trained.advance()
    after = models.of_lane("after", trained.lane)
    with pytest.raises(ValueError, match=r"within 0\.001 mm, and differs by"):
        export.measure(after, graph, None)


def test_data_without_test_frames_are_refused(store):
    """There would be nothing to measure on."""
    trained = train(store, steps=1)
    data = trained.bank.data
    none = dataclasses.replace(data, split=np.zeros_like(data.split))
    model = models.of_lane("run", trained.lane)
    with pytest.raises(ValueError, match="`data` must have test frames"):
        export.measure(model, b"", none)


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("synthetic", "synthetic"),
        ("synthetic:40", "synthetic:40"),
        ("poses:/home/somebody/nyu", "poses:nyu"),
        ("nyu+mirror:/data/secret project/nyu", "nyu+mirror:nyu"),
        ("/home/somebody/runs/best", "best"),
    ],
)
def test_names_lose_the_folder_they_lie_in(spec, shown):
    """A card is for strangers."""
    assert export.plain(spec) == shown
