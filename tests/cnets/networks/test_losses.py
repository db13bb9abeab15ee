import math

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from scipy import special

from cnets.networks import losses


def grid(*shape: int) -> torch.Tensor:
    """Numbers that need gradients, different everywhere."""
    return torch.randn(*shape, dtype=torch.float64).requires_grad_()


class TestPoseReconstruction:
    def test_by_hand(self):
        """Errors 1 and 2 give (1 + 4) / 2: a sum, not a mean."""
        decoded = torch.tensor([[1.0, 2.0, 0.0]])
        loss = losses.pose_reconstruction(decoded, torch.zeros(1, 3))
        torch.testing.assert_close(loss, torch.tensor(2.5))

    def test_gradient_is_the_error(self):
        """The derivative of half a square is the error itself."""
        decoded, pose = grid(4, 6), grid(4, 6)
        losses.pose_reconstruction(decoded, pose).backward()
        torch.testing.assert_close(decoded.grad, (decoded - pose).detach())

    def test_a_weight_of_zero_leaves_a_number_out(self):
        """Errors 1, 2 and 9 with weights 1.5, 1.5 and 0 give 1.5 (1 + 4) / 2."""
        decoded = torch.tensor([[1.0, 2.0, 9.0]]).requires_grad_()
        weight = torch.tensor([[1.5, 1.5, 0.0]])
        loss = losses.pose_reconstruction(decoded, torch.zeros(1, 3), weight)
        loss.backward()
        torch.testing.assert_close(loss.detach(), torch.tensor(3.75))
        torch.testing.assert_close(decoded.grad, torch.tensor([[1.5, 3.0, 0.0]]))

    def test_refuses_shapes_that_would_broadcast(self):
        """One pose is not silently compared with many."""
        with pytest.raises(TypeCheckError):
            losses.pose_reconstruction(torch.zeros(4, 6), torch.zeros(1, 6))


class TestKlStandardNormal:
    def test_by_hand(self):
        """Mean 1 and variance e give (1 + e - 1 - 1) / 2 in one dimension."""
        loss = losses.kl_standard_normal(torch.ones(1, 1), torch.ones(1, 1))
        torch.testing.assert_close(loss, torch.tensor((math.e - 1) / 2))

    def test_unit_gaussian_costs_nothing(self):
        """The prior itself has zero divergence and zero gradient."""
        mean = torch.zeros(3, 5, requires_grad=True)
        log_variance = torch.zeros(3, 5, requires_grad=True)
        loss = losses.kl_standard_normal(mean, log_variance)
        loss.backward()
        assert loss == 0
        assert not mean.grad.any()
        assert not log_variance.grad.any()

    def test_agrees_with_torch_distributions(self):
        """The closed form is that of `torch.distributions`, in float64."""
        mean, log_variance = grid(4, 5).detach(), grid(4, 5).detach()
        posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
        prior = torch.distributions.Normal(0.0, 1.0)
        expected = torch.distributions.kl_divergence(posterior, prior).sum()
        torch.testing.assert_close(
            losses.kl_standard_normal(mean, log_variance), expected
        )


class TestAdversarial:
    @pytest.mark.parametrize(
        ("loss", "label"), [(losses.judged_real, 1.0), (losses.judged_rendered, 0.0)]
    )
    def test_agrees_with_cross_entropy(self, loss, label):
        """Both sides equal binary cross-entropy of the sigmoid in float64."""
        logits = np.array([-3.0, 0.0, 0.5, 4.0])
        share = special.expit(logits)
        expected = -(label * np.log(share) + (1 - label) * np.log(1 - share)).mean()
        found = loss(torch.tensor(logits))
        torch.testing.assert_close(found, torch.tensor(expected))

    def test_undecided_is_log_two(self):
        """A logit of 0 costs ln 2 on either side."""
        for loss in (losses.judged_real, losses.judged_rendered):
            found = loss(torch.zeros(7))
            torch.testing.assert_close(found, torch.tensor(math.log(2)))

    def test_stays_finite_far_out(self):
        """A logit of 200, whose probability rounds to 1, costs 200."""
        found = losses.judged_rendered(torch.tensor([200.0]))
        torch.testing.assert_close(found, torch.tensor(200.0))


class TestFeatureMatching:
    def test_by_hand(self):
        """Means 2 and 0.5 on every feature differ by 1.5."""
        real = torch.stack([torch.full((2, 4, 4), 1.0), torch.full((2, 4, 4), 3.0)])
        rendered = torch.full((3, 2, 4, 4), 0.5)
        found = losses.feature_matching(real, rendered)
        torch.testing.assert_close(found, torch.tensor(1.5))

    def test_means_come_before_the_absolute_value(self):
        """Batches of equal mean match, however they scatter."""
        real = torch.stack([torch.full((2, 4, 4), -1.0), torch.full((2, 4, 4), 1.0)])
        assert losses.feature_matching(real, torch.zeros(2, 2, 4, 4)) == 0

    def test_refuses_features_of_other_shapes(self):
        """Channels must agree; they are not broadcast."""
        with pytest.raises(TypeCheckError):
            losses.feature_matching(torch.zeros(2, 3, 4, 4), torch.zeros(2, 1, 4, 4))


class TestDepthReconstruction:
    def test_by_hand(self):
        """Errors 0, 0.5, 2 and 1 with ceiling 1 give (0 + 0.25 + 1 + 1) / 4."""
        rendered = torch.tensor([0.0, 0.5, -1.0, 1.0]).view(1, 1, 2, 2)
        measured = torch.tensor([0.0, 0.0, 1.0, 0.0]).view(1, 1, 2, 2)
        loss = losses.depth_reconstruction(rendered, measured)
        torch.testing.assert_close(loss, torch.tensor(2.25 / 4))

    def test_ceiling_counts(self):
        """A ceiling of 4 lets an error of 2 count in full."""
        rendered, measured = torch.full((1, 1, 2, 2), -1.0), torch.ones(1, 1, 2, 2)
        loss = losses.depth_reconstruction(rendered, measured, ceiling=4.0)
        torch.testing.assert_close(loss, torch.tensor(4.0))

    def test_clipped_pixels_have_no_gradient(self):
        """An error of 2 pulls nothing; one of 0.5 pulls by 2 * 0.5 / 4."""
        rendered = torch.tensor([0.5, 2.0, 0.0, 0.0]).view(1, 1, 2, 2)
        rendered.requires_grad_()
        losses.depth_reconstruction(rendered, torch.zeros(1, 1, 2, 2)).backward()
        expected = torch.tensor([0.25, 0.0, 0.0, 0.0]).view(1, 1, 2, 2)
        torch.testing.assert_close(rendered.grad, expected)

    @pytest.mark.parametrize("ceiling", [0.0, -1.0, math.nan])
    def test_refuses_a_ceiling_that_is_not_positive(self, ceiling):
        """NaN is refused like 0."""
        image = torch.zeros(1, 1, 2, 2)
        with pytest.raises(ValueError, match="`ceiling` must be above 0"):
            losses.depth_reconstruction(image, image, ceiling=ceiling)

    def test_refuses_shapes_that_would_broadcast(self):
        """One image is not silently compared with many."""
        with pytest.raises(TypeCheckError):
            losses.depth_reconstruction(
                torch.zeros(3, 1, 2, 2), torch.zeros(1, 1, 2, 2)
            )


class TestSmoothness:
    def test_self_by_hand(self):
        """Differences 1 and 3 give (1 + 9) / 2."""
        loss = losses.smoothness_self(torch.tensor([[1.0, 3.0]]), torch.zeros(1, 2))
        torch.testing.assert_close(loss, torch.tensor(5.0))

    def test_mixed_by_hand(self):
        """Code difference 2 against embedding difference 0.5 gives 1.5 squared."""
        loss = losses.smoothness_mixed(
            measured=torch.tensor([[1.0]]),
            rendered=torch.tensor([[0.5]]),
            code=torch.tensor([[3.0]]),
            mixed=torch.tensor([[1.0]]),
        )
        torch.testing.assert_close(loss, torch.tensor(2.25))

    def test_an_embedding_that_is_the_code_costs_nothing(self):
        """If m(x) is the code of x, both terms vanish."""
        code, mixed = grid(4, 23), grid(4, 23)
        assert losses.smoothness_mixed(code, mixed, code, mixed) == 0
        assert losses.smoothness_self(code, code) == 0

    def test_agrees_with_numpy_in_float64(self):
        """The means run over batch and code alike."""
        a, b, c, d = (grid(4, 23).detach() for _ in range(4))
        x, y, z, w = (t.numpy() for t in (a, b, c, d))
        expected = np.mean(((z - w) - (x - y)) ** 2)
        found = losses.smoothness_mixed(a, b, c, d)
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14)


class TestPosterior:
    def test_by_hand(self):
        """Errors 1 and 2 give (1 + 4) / 2: a mean over the code."""
        loss = losses.posterior(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
        torch.testing.assert_close(loss, torch.tensor(2.5))

    def test_refuses_shapes_that_would_broadcast(self):
        """One code is not silently compared with many."""
        with pytest.raises(TypeCheckError):
            losses.posterior(torch.zeros(4, 23), torch.zeros(1, 23))


class TestConsistency:
    def test_by_hand(self):
        """Off by 1, 2 and 0 in one joint of two: (1 + 4) / 6."""
        read = torch.zeros(1, 2, 3)
        read[0, 1] = torch.tensor([1.0, -2.0, 0.0])
        loss = losses.consistency(read, torch.zeros(1, 2, 3))
        torch.testing.assert_close(loss, torch.tensor(5 / 6))

    def test_refuses_shapes_that_would_broadcast(self):
        """One hand is not silently compared with many."""
        with pytest.raises(TypeCheckError):
            losses.consistency(torch.zeros(4, 5, 3), torch.zeros(1, 5, 3))


def mean_square(difference: np.ndarray) -> float:
    """What most terms are, in float64."""
    return float(np.mean(difference**2))


REFERENCES = {
    "pose_reconstruction": (
        [(6, 9), (6, 9)],
        lambda a, b: 0.5 * np.sum((a - b) ** 2),
    ),
    "kl_standard_normal": (
        [(6, 4), (6, 4)],
        lambda m, v: 0.5 * np.sum(m**2 + np.exp(v) - v - 1),
    ),
    "judged_real": ([(7,)], lambda x: np.mean(np.log1p(np.exp(-x)))),
    "judged_rendered": ([(7,)], lambda x: np.mean(np.log1p(np.exp(x)))),
    "feature_matching": (
        [(5, 3, 4, 4), (8, 3, 4, 4)],
        lambda a, b: np.mean(np.abs(a.mean(0) - b.mean(0))),
    ),
    "depth_reconstruction": (
        [(3, 1, 8, 8), (3, 1, 8, 8)],
        lambda a, b: np.mean(np.minimum((a - b) ** 2, 1.0)),
    ),
    "smoothness_self": ([(6, 7)] * 2, lambda a, b: mean_square(a - b)),
    "smoothness_mixed": (
        [(6, 7)] * 4,
        lambda a, b, c, d: mean_square((c - d) - (a - b)),
    ),
    "posterior": ([(6, 7)] * 2, lambda a, b: mean_square(a - b)),
    "consistency": ([(6, 5, 3)] * 2, lambda a, b: mean_square(a - b)),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_every_term_agrees_with_a_float64_reference(name):
    """Float32 in, numpy's float64 beside it: equal to float32's precision."""
    shapes, reference = REFERENCES[name]
    draw = np.random.default_rng(3)
    arrays = [draw.normal(size=shape) for shape in shapes]
    inputs = [torch.tensor(array, dtype=torch.float32) for array in arrays]
    found = getattr(losses, name)(*inputs).item()
    assert found == pytest.approx(reference(*arrays), rel=1e-5)
