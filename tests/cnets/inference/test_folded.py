"""Tests of `cnets.inference.folded`: the weights of a path without batch norms."""

import torch

from cnets.inference import folded


class TestWeights:
    def test_a_batch_norm_in_training_mode_does_not_matter(self, model):
        """Running statistics are what is folded, whatever the mode."""
        wanted = folded.weights(model)
        for module in model.modules.values():
            module.train()
        found = folded.weights(model)
        assert found.keys() == wanted.keys()
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)

    def test_they_are_the_models_own_no_more(self, model):
        """What is made of them is not written back into the model."""
        before = {n: p.clone() for n, p in model.modules["decoder"].named_parameters()}
        for tensor in folded.weights(model).values():
            assert tensor.dtype == torch.float64
            tensor.zero_()
        for name, parameter in model.modules["decoder"].named_parameters():
            torch.testing.assert_close(parameter, before[name], rtol=0, atol=0)

    def test_every_number_of_the_path_is_in_them(self, model):
        """Changing any tensor that prediction uses changes what is folded."""
        before = folded.weights(model)
        for part in ("trunk", "posterior", "decoder"):
            for name, tensor in model.modules[part].state_dict().items():
                if not tensor.is_floating_point():
                    continue
                kept = tensor.clone()
                tensor.add_(1.0)
                after = folded.weights(model)
                apart = max((after[n] - before[n]).abs().max() for n in before)
                assert apart > 1e-2, f"{part}.{name}"
                tensor.copy_(kept)
