"""Tests of search_spaces/registry.py and of every space that it lists."""

import pytest

from cnets import config, presets
from search_spaces import SPACES, OneOf, Space, space


RATIOS = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("member", SPACES.values(), ids=SPACES)
class TestEverySpace:
    def test_its_name_is_its_key(self, member):
        """What a search stores as the space's name finds the space again."""
        assert space(member.name) is member

    def test_its_parameters_are_fields_of_a_run(self, member):
        """Every parameter is a field of the configuration."""
        assert member.unknown(config.fields(config.TrainConfig)) == []

    def test_both_ends_are_sound_runs(self, member):
        """A run takes every bound of every parameter, with its type."""
        for name, parameter in member.parameters.items():
            choices = isinstance(parameter, OneOf)
            ends = parameter.values if choices else (parameter.low, parameter.high)
            for value in ends:
                run = config.TrainConfig().replace({name: value})
                assert run.flat()[name] == value

    def test_its_start_is_the_papers(self, member):
        """The first trial has the values of the paper."""
        paper = presets.preset("paper").flat()
        assert member.start == {name: paper[name] for name in member.parameters}

    @pytest.mark.parametrize("preset", presets.PRESETS)
    def test_it_holds_every_preset(self, member, preset):
        """The start can be moved to the values of each preset."""
        values = presets.preset(preset).flat()
        moved = member.started_at({name: values[name] for name in member.parameters})
        assert moved.start == {name: values[name] for name in member.parameters}

    def test_ratios(self, member):
        """The labelled ratio is one of the seven of the search."""
        assert member.parameters["labelled_ratio"] == OneOf(RATIOS)

    def test_every_loss_is_weighted(self, member):
        """No term of the objective is left out, but for what is one with another."""
        losses = {f"losses.{name}" for name in config.fields(config.LossWeights)}
        options = {"losses.balance", "losses.consistency"}  # off in the paper
        weights = losses - options
        fixed = {"losses.adversarial", "losses.pose_reconstruction"}
        left_out = weights - set(member.parameters)
        assert left_out == (fixed if member.name == "few_labels" else set())

    def test_json(self, member):
        """It comes back from its JSON equal."""
        assert Space.from_json(member.to_json()) == member


def test_names():
    """The spaces are those of the documentation."""
    assert list(SPACES) == ["loss_weights", "joint", "few_labels"]


class TestSpaceByNameOrPath:
    def test_path(self, tmp_path):
        """A file that ends in .toml is read."""
        path = tmp_path / "mine.toml"
        path.write_text(
            'name = "mine"\n[parameters.latent_size]\nkind = "whole"\n'
            "low = 8\nhigh = 64\n[start]\nlatent_size = 20\n"
        )
        assert space(str(path)).name == "mine"

    def test_refuses(self, tmp_path):
        """An unknown name, a file that is missing and one that is no text."""
        with pytest.raises(
            ValueError, match="one of loss_weights, joint, few_labels or the path"
        ):
            space("latent")
        missing = str(tmp_path / "missing.toml")
        with pytest.raises(ValueError, match="`space` must be a file "):
            space(missing)
        (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(ValueError, match="`space` must be a file "):
            space(str(tmp_path / "binary.toml"))
