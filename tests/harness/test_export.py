"""Tests of `harness.export`: the folder, its graph and its card are the model's."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from cnets import metrics
from cnets.inference import exported, models
from cnets.inference.model import Model
from cnets.training.lanes.lane import Lane
from harness.commands import cli
from harness.definition.identity import provenance
from harness.worker.train_runner import TrainRunner
from results import Store


TRIAL = "s/t-00001"
WEIGHTS = "crossingnet_weights/NYU_pretrained"


@pytest.fixture
def store(tmp_path) -> Path:
    """Where this test's search is."""
    return tmp_path / "runs"


def same(model: Model, lane: Lane) -> bool:
    """Whether a model has a lane's networks to the last bit."""
    theirs = models.of_lane("lane", lane).modules
    return all(
        torch.equal(tensor, theirs[part].state_dict()[name])
        for part, module in model.modules.items()
        for name, tensor in module.state_dict().items()
    )


def test_the_command_writes_measures_and_checks_a_trial(train, store, tmp_path, capsys):
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
    assert loaded.hand == bank.data.hand == "right"
    assert exported.origin(out) == {
        "kind": "trial",
        "name": TRIAL,
        "epoch": "3",
        "data": "synthetic:40",
    }
    wanted = metrics.summary(bank.judge.evaluate(lane, "validation"))
    assert {n: said[n] for n in wanted} == pytest.approx(wanted, rel=1e-5)
    assert said["part"] == "validation"  # no finals have used the test part
    assert said["frames"] == len(bank.data.rows("validation")) > 0
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
    np.testing.assert_allclose(found, bank.judge.predict(lane, rows), rtol=0, atol=1e-3)
    card = (out / "README.md").read_text()
    assert f"| {said['frames']} |" in card
    assert f"| {said['mean_joint_error_mm']:.4g} |" in card
    assert provenance.code_version() in card
    for path in out.iterdir():
        assert str(tmp_path).encode() not in path.read_bytes()


def round_trip(trained: TrainRunner) -> float:
    """Error of the validation labels through the lane's VAE, from its own functions."""
    bank, lane = trained.bank, trained.lane
    rows, total = bank.data.rows("validation"), []
    decoder = bank.modules(lane.config)["decoder"]
    for row in rows:
        code = bank.judge.codes(lane, np.array([row]))[:, : lane.config.latent_size]
        net = lane.net("decoder", decoder)
        pose = torch.func.functional_call(decoder, net.params, (code,))
        joints = bank.data.joints_mm[row] - bank.data.joints_mm[row][bank.data.root]
        gap = pose.detach().numpy().reshape(-1, 3) * 50.0 - joints
        total.append(np.linalg.norm(gap, axis=1).mean())
    return float(np.mean(total))


def test_the_authors_weights(realdata, store, capsys, tmp_path):
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


def test_the_test_part_is_shown_after_finals_only(train, store, tmp_path, capsys):
    """With a row of finals the figures are those of the test part."""
    trained = train(store, steps=3)
    row = {
        **{"attempt": 1, "entrant": "t-00001", "look": 1, "state": "completed"},
        **{"reason": "", "trial": "t-00001", "labelled_ratio": 1.0, "final_seed": 3},
        **{"split": "test", "frames": 10, "mean_joint_error_mm": 11.0},
        **{"config_json": "{}", "code_version": "test"},
    }
    words = ["export", TRIAL, "--store", str(store), "--format", "json", "--out"]
    assert cli.run([*words, str(tmp_path / "before")]) == 0
    before = json.loads(capsys.readouterr().out)
    assert cli.run([*words, str(tmp_path / "own"), "--data", "synthetic:40"]) == 0
    assert json.loads(capsys.readouterr().out)["part"] == "validation"
    with Store.open(store).writer("s") as writer:
        writer.append("finals", row | {"look": 0, "split": "validation"})
    assert cli.run([*words, str(tmp_path / "unread")]) == 0
    assert json.loads(capsys.readouterr().out)["part"] == "validation"
    with Store.open(store).writer("s") as writer:
        writer.append("finals", row)
    assert cli.run([*words, str(tmp_path / "after")]) == 0
    after = json.loads(capsys.readouterr().out)
    assert (before["part"], after["part"]) == ("validation", "test")
    assert "validation_mm" not in before
    assert after["validation_mm"] == pytest.approx(before["mean_joint_error_mm"], 1e-5)
    wanted = metrics.summary(trained.bank.judge.evaluate(trained.lane, "test"))
    assert {n: after[n] for n in wanted} == pytest.approx(wanted, rel=1e-5)
    assert "On the validation part of" in (tmp_path / "before/README.md").read_text()
    assert "On the test part of" in (tmp_path / "after/README.md").read_text()


def test_a_gpu_that_is_not_there(monkeypatch, tmp_path, capsys):
    """One sentence, before anything is read or written."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    words = ["export", TRIAL, "--out", str(tmp_path / "x"), "--device", "cuda"]
    assert cli.run(words) == cli.USAGE
    assert "must be cpu where torch finds no GPU" in capsys.readouterr().err
