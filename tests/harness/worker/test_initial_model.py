"""Tests of `harness.worker.initial_model`: what a run may start from."""

import dataclasses

import pytest
import torch

from cnets.inference import models, published
from harness.commands import cli
from harness.worker import initial_model
from harness.worker.train_runner import TrainRunner


@pytest.fixture
def weights(realdata) -> str:
    """The name of the authors' NYU networks."""
    return f"published:{realdata / 'crossingnet_weights' / 'NYU_pretrained'}"


class TestFacts:
    def test_none(self):
        """Without a model there is nothing to note."""
        assert initial_model.facts(None, published.config(36)) is None

    def test_repeats(self, weights):
        """A model has one name and one hash, however often it is opened."""
        first = initial_model.facts(weights, published.config(36))
        assert first == initial_model.facts(weights, published.config(36))
        assert first is not None
        assert len(first["sha256"]) == 64

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"latent_size": 8}, "`init` must have the run's `latent_size`, 8, got 20"),
            ({"networks.side_px": 64}, "the run's `networks.side_px`, 64, got 128"),
            ({"networks.joints": 21}, "the run's `networks.joints`, 21, got 36"),
        ],
    )
    def test_another_network(self, weights, change, sentence):
        """A run with other networks is refused, naming the field."""
        with pytest.raises(ValueError, match=sentence):
            initial_model.facts(weights, published.config(36).replace(change))


def test_a_search_over_the_latent_size_is_refused(capsys, weights, tmp_path, realdata):
    """The space must leave alone what the model fixes."""
    store = tmp_path / "store"
    words = ["search", "s", "--data", f"poses:{realdata / 'nyu'}", "--init", weights]
    sizes = ["--preset", "tiny", "--store", str(store)]
    assert cli.run([*words, *sizes]) == cli.USAGE
    assert "`init` must have the run's `networks.side_px`" in capsys.readouterr().err


def test_a_run_starts_from_a_model(job, tmp_path, reports):
    """It goes straight to the joint stage, with the model's networks."""
    reports(TrainRunner(job))
    origin = models.open_model(str(tmp_path / "checkpoints"))
    again = dataclasses.replace(
        job, init=str(tmp_path / "checkpoints"), checkpoints=str(tmp_path / "second")
    )
    started = TrainRunner(again)
    assert (started.lane.stage, started.lane.epoch) == ("joint", 0)
    assert started.lane.origin == origin.digest()
    for name, module in models.of_lane("", started.lane).modules.items():
        weights = origin.modules[name].state_dict()
        for part, tensor in module.state_dict().items():
            assert torch.equal(tensor, weights[part]), f"{name} {part}"
    assert [r.stage for r in reports(started)] == ["joint"] * job.config.joint.epochs


@pytest.fixture
def header_from(driven):
    """Gives the header of a search that starts from a model, or from none."""

    def make(noted: dict | None):
        header = driven.store.header("s")
        rules = header.rules if noted is None else header.rules | {"init": noted}
        return dataclasses.replace(header, rules=rules)

    return make


class TestSame:
    def test_a_search_without_a_model(self, header_from):
        """There is nothing that could have changed."""
        header = header_from(None)
        assert initial_model.of_header(header) is None
        initial_model.same(header)

    def test_a_model_that_has_changed_is_refused(
        self, job, tmp_path, reports, header_from
    ):
        """The weights of today count, not the name of the folder."""
        reports(TrainRunner(job))
        name = str(tmp_path / "checkpoints")
        noted = initial_model.facts(name, job.config)
        header = header_from(noted)
        assert initial_model.of_header(header) == name
        initial_model.same(header)
        changed = header_from({**noted, "sha256": "0" * 64})
        with pytest.raises(ValueError, match=f"`init` must be .* {name} has changed"):
            initial_model.same(changed)


@pytest.mark.parametrize("prefix", ["", published.PREFIX])
def test_a_name_holds_in_every_folder(tmp_path, monkeypatch, prefix):
    """A path becomes absolute, and what says its kind stays in front."""
    monkeypatch.chdir(tmp_path)
    assert initial_model.resolved(f"{prefix}a") == f"{prefix}{tmp_path / 'a'}"
