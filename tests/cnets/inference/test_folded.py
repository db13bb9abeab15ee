"""Tests of `cnets.inference.folded`: held against every layer in float64."""

import torch
from torch import nn

from cnets.inference import folded


class TestFolded:
    def test_gives_the_joints_of_the_whole_network(self, model, crops, in_float64):
        """In float64, every layer one by one gives the same to 1e-3 mm."""
        depth, centres = crops(5, 32)
        found = folded.Folded(model)(depth, centres)
        assert found.shape == (5, 21, 3)
        wanted = in_float64(model, depth, centres)
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=1e-3)

    def test_has_no_batch_norm_and_leaves_the_model_alone(self, model):
        """Convolutions, rectifiers and dense layers are left; nothing is shared."""
        before = {n: p.clone() for n, p in model.modules["trunk"].named_parameters()}
        made = folded.Folded(model)
        kinds = {type(part) for part in made.modules() if not list(part.children())}
        assert kinds == {nn.Conv2d, nn.LeakyReLU, nn.Linear}
        for parameter in made.parameters():
            parameter.data.zero_()
        for name, parameter in model.modules["trunk"].named_parameters():
            torch.testing.assert_close(parameter, before[name], rtol=0, atol=0)

    def test_a_batch_norm_in_training_mode_does_not_matter(self, model, crops):
        """Running statistics are what is folded, whatever the mode."""
        depth, centres = crops(3, 32)
        wanted = model.predict(depth, centres)
        for module in model.modules.values():
            module.train()
        found = folded.Folded(model)(depth, centres)
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)
