import pytest
import torch

from cnets.training.lanes import optimiser


@pytest.mark.parametrize("rates", [(1e-3,), (1e-3, 3e-2, 0.5)])
def test_every_lane_is_an_adam_of_its_own(rates):
    """Ten updates equal those of torch's Adam, run once a lane, in float64."""
    lanes, size = len(rates), 7
    start = torch.randn(lanes, size, dtype=torch.float64)
    gradients = torch.randn(10, lanes, size, dtype=torch.float64)
    flat = start.clone()
    moments = optimiser.Moments(
        torch.zeros_like(flat), torch.zeros_like(flat), flat.new_zeros(lanes)
    )
    for gradient in gradients:
        optimiser.step(flat, gradient, moments, flat.new_tensor(rates))
    for k, rate in enumerate(rates):
        alone = start[k].clone().requires_grad_()
        peer = torch.optim.Adam([alone], lr=rate, betas=(0.5, 0.999))
        for gradient in gradients[:, k]:
            alone.grad = gradient.clone()
            peer.step()
        torch.testing.assert_close(flat[k], alone.detach(), rtol=1e-12, atol=1e-12)


def test_a_fresh_lane_among_old_ones_starts_at_its_own_count():
    """The bias correction follows the lane's own number of updates."""
    flat = torch.zeros(2, 1, dtype=torch.float64)
    old = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    moments = optimiser.Moments(
        old.clone(), old.clone(), torch.tensor([50.0, 0.0], dtype=torch.float64)
    )
    ones = torch.ones(2, 1, dtype=torch.float64)
    optimiser.step(flat, ones, moments, flat.new_tensor([0.1, 0.1]))
    assert moments.count.tolist() == [51.0, 1.0]
    assert flat[1].item() == pytest.approx(-0.1)  # the first update has full size
