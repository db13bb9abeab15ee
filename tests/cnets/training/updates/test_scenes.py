"""Tests of `cnets.training.updates.scenes`: codes by hand, and the two halves."""

import numpy as np
import pytest
import torch

from cnets.networks import crossing_net
from cnets.training.updates import scenes


class TestMixedCodes:
    def test_are_convex_combinations_of_the_batch(self, stacked, tiny):
        """Each mixed code is the stated weighted mean of codes of the batch."""
        stack, batch = stacked([tiny], "joint")
        nets = {n: stack.nets[n] for n in crossing_net.RENDERING}
        one = {n: t[0] for n, t in batch.items()}
        alone = {
            n: type(net)(*({k: t[0] for k, t in part.items()} for part in net))
            for n, net in nets.items()
        }
        scene = scenes.imagine(stack.modules, alone, one)
        code = scene["code"].numpy()
        shares = one["shares"].numpy()
        expected = np.stack(
            [
                sum(w * code[i] for w, i in zip(row, rows, strict=True)) / row.sum()
                for row, rows in zip(shares, one["partners"].numpy(), strict=True)
            ]
        )
        np.testing.assert_allclose(scene["mixed"].numpy(), expected, rtol=1e-12)


class TestDepthTerm:
    def test_only_the_images_of_the_codes_count(self):
        """Of rendered images the second half stands against the measured ones."""
        measured = torch.zeros(2, 1, 4, 4)
        rendered = torch.cat([torch.ones(2, 1, 4, 4), torch.full((2, 1, 4, 4), 0.5)])
        terms = scenes.depth_term(1.0, {"measured": measured}, {"rendered": rendered})
        assert terms["depth_reconstruction"].item() == pytest.approx(0.25)


class TestSmoothnessTerms:
    def test_by_hand(self):
        """Mixed images come first; a code apart by 1 allows embeddings apart by 1."""
        measured = torch.tensor([[2.0]])
        fake = torch.tensor([[1.0], [5.0]])
        scene = {"code": torch.tensor([[4.0]]), "mixed": torch.tensor([[3.0]])}
        terms = scenes.smoothness_terms(measured, fake, scene)
        assert terms["smoothness_mixed"].item() == 0
        assert terms["smoothness_self"].item() == 9
