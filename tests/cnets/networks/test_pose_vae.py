import torch

from cnets.networks import pose_vae
from cnets.networks.pose_vae import PoseDecoder, PoseEncoder


class TestPaperSizes:
    def test_decoder_has_the_published_number_of_parameters(self):
        """5,268 for the 36 joints of NYU."""
        decoder = PoseDecoder(joints=36, latent_size=20, hidden=40)
        assert sum(p.numel() for p in decoder.parameters()) == 5_268

    def test_layers(self):
        """108 - 40 - (20, 20) and 20 - 40 - 108."""
        encoder = PoseEncoder(joints=36, latent_size=20, hidden=40)
        mean, log_variance = encoder(torch.zeros(3, 108))
        assert mean.shape == log_variance.shape == (3, 20)
        assert encoder.hidden.weight.shape == (40, 108)
        decoder = PoseDecoder(joints=36, latent_size=20, hidden=40)
        assert decoder(mean).shape == (3, 108)


class TestSampleCode:
    def test_by_hand(self):
        """Mean 1, log-variance 2 ln 3 and noise 0.5 give 1 + 3 * 0.5."""
        code = pose_vae.sample_code(
            torch.ones(1, 1),
            torch.full((1, 1), 2 * torch.log(torch.tensor(3.0)).item()),
            torch.full((1, 1), 0.5),
        )
        torch.testing.assert_close(code, torch.tensor([[2.5]]))


class TestPrincipalComponents:
    def test_finds_the_long_axis(self):
        """Points along (3, 4) have (0.6, 0.8) as their only component."""
        points = torch.outer(torch.linspace(-1, 1, 9), torch.tensor([3.0, 4.0, 0.0]))
        rows = pose_vae.principal_components(points + 7, most=2)
        torch.testing.assert_close(rows, torch.tensor([[0.6, 0.8, 0.0]]))

    def test_rows_are_orthonormal_and_sorted(self):
        """The rows are unit vectors, and earlier ones explain more."""
        points = torch.randn(200, 6) * torch.tensor([1.0, 5, 3, 0.1, 2, 4])
        rows = pose_vae.principal_components(points, most=4)
        torch.testing.assert_close(rows @ rows.T, torch.eye(4), atol=1e-5, rtol=0)
        spread = (points @ rows.T).std(0)
        assert (spread.diff() < 0).all()

    def test_a_number_that_is_not_known_counts_as_the_mean(self):
        """Points along (3, 4), some without their second number, as filled by hand."""
        points = (
            torch.outer(torch.linspace(-1, 1, 9), torch.tensor([3.0, 4.0, 0.0])) + 7
        )
        points[::4, 1] = torch.nan
        filled = points.clone()
        filled[::4, 1] = sum(points[row, 1] for row in range(9) if row % 4) / 6
        found = pose_vae.principal_components(points, most=2)
        torch.testing.assert_close(found, pose_vae.principal_components(filled, most=2))


def test_a_joint_that_is_not_known_is_read_at_the_root():
    """NaN becomes 0, the root's place in a pose; every other number stays."""
    pose = torch.tensor([[0.0, 3.0, torch.nan]])
    assert pose_vae.whole(pose).tolist() == [[0, 3, 0]]


class TestInitialise:
    def test_components_overwrite_first_and_last_layer(self):
        """Encoder rows and decoder columns are the poses' components."""
        encoder, decoder = PoseEncoder(2, 3, 4), PoseDecoder(2, 3, 4)
        poses = torch.randn(50, 6)
        pose_vae.initialise(encoder, decoder, poses, torch.Generator())
        rows = pose_vae.principal_components(poses, 4)
        assert torch.equal(encoder.hidden.weight, rows)
        assert torch.equal(decoder.pose.weight, rows.T)
        assert not encoder.hidden.bias.any()

    def test_few_poses_leave_the_rest_random(self):
        """Three poses span two directions; other units keep N(0, 0.01)."""
        encoder, decoder = PoseEncoder(2, 3, 4), PoseDecoder(2, 3, 4)
        pose_vae.initialise(encoder, decoder, torch.randn(3, 6), torch.Generator())
        norms = encoder.hidden.weight.norm(dim=1)
        torch.testing.assert_close(norms[:2], torch.ones(2))
        assert (norms[2:] > 0).all()
        assert (norms[2:] < 0.1).all()
