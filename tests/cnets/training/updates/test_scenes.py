"""Tests of `cnets.training.updates.scenes`: codes, images and their batches, by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cnets import geometry
from cnets.data.readers import poses
from cnets.inference import published
from cnets.networks.crossing_net import DISCRIMINATOR, RENDERING
from cnets.training.lanes.lane import Net, run
from cnets.training.updates import scenes


SHARED = Path(__file__).parents[5] / "shared" / "realdata"


def alone(stack, names) -> dict[str, Net]:
    """Networks of the first lane."""
    return {
        name: Net(*({k: t[0] for k, t in part.items()} for part in stack.nets[name]))
        for name in names
    }


def imagined(stack, batch) -> dict[str, torch.Tensor]:
    """The scene of the first lane."""
    one = {name: tensor[0] for name, tensor in batch.items()}
    return scenes.imagine(stack.modules, alone(stack, RENDERING), one)


@pytest.fixture(scope="module")
def arrays():
    """Arrays of the weight files by part, as they are on disk."""
    folder = SHARED / "crossingnet_weights"
    if not folder.is_dir():
        pytest.skip("real data are missing: no folder ../shared/realdata")
    found = {}
    for part in ("en_params", "align", "gen_params"):
        with np.load(folder / f"NYU_pretrained/-1_{part}.npz") as archive:
            every = [archive[f"arr_{n}"] for n in range(len(archive.files))]
        found[part] = [torch.tensor(array).double() for array in every]
    return found


@pytest.fixture(scope="module")
def batch(arrays):
    """40 real poses, with noise and shares as the authors draw them."""
    assert arrays
    labels = poses.labels(str(SHARED / "nyu"))
    rows = np.linspace(0, len(labels.joints_mm) - 1, 40).astype(int)
    units = geometry.to_units(
        torch.tensor(labels.joints_mm[rows]).double(),
        torch.tensor(labels.centres_mm[rows]).double(),
    )
    pose, origin = geometry.split_origin(units, labels.skeleton.root)
    draw = torch.Generator().manual_seed(3)
    kind = {"generator": draw, "dtype": torch.float64}
    return {
        "pose": pose,
        "origin": origin,
        "noise": 0.05 * torch.randn(40, 20, **kind),
        "partners": torch.randint(40, (40, 5), generator=draw),
        "shares": torch.rand(40, 5, **kind),
    }


class TestMixedCodes:
    def test_are_convex_combinations_of_the_batch(self, stacked, tiny):
        """Each mixed code is the stated weighted mean of codes of the batch."""
        stack, batch = stacked([tiny], "joint")
        one = {n: t[0] for n, t in batch.items()}
        scene = imagined(stack, batch)
        code = scene["code"].numpy()
        shares = one["shares"].numpy()
        expected = np.stack(
            [
                sum(w * code[i] for w, i in zip(row, rows, strict=True)) / row.sum()
                for row, rows in zip(shares, one["partners"].numpy(), strict=True)
            ]
        )
        np.testing.assert_allclose(scene["mixed"].numpy(), expected, rtol=1e-12)


class TestStatistics:
    def test_are_those_of_the_codes(self, stacked, tiny):
        """The alignment's running mean takes a tenth of the codes', not of mixtures'."""
        stack, batch = stacked([tiny], "joint")
        scene = imagined(stack, batch)
        weight = stack.nets["alignment"].params["dense.weight"][0].detach()
        expected = 0.1 * (scene["code"] @ weight.T).mean(0)
        found = stack.nets["alignment"].buffers["norm.running_mean"][0]
        torch.testing.assert_close(found, expected)


class TestTheAuthorsArithmetic:
    """The released NYU networks on real poses, beside a reference in float64."""

    def test_images_of_codes_and_of_mixtures(self, arrays, batch):
        """Both are within 1e-4 of the reference; as one batch they are 0.05 off."""
        code, mixed = reference_codes(arrays["en_params"], batch)
        folder = SHARED / "crossingnet_weights"
        model = published.load(str(folder / "NYU_pretrained"))
        modules = {n: model.modules[n].double().train() for n in RENDERING}
        nets = {
            n: Net(dict(m.named_parameters()), dict(m.named_buffers()))
            for n, m in modules.items()
        }
        scene = scenes.imagine(modules, nets, batch)
        together = reference_images(arrays, torch.cat([mixed, code])).chunk(2)
        for name, codes, wrong in (
            ("of_mixed", mixed, together[0]),
            ("of_code", code, together[1]),
        ):
            exact = reference_images(arrays, codes)
            assert (scene[name] - exact).abs().max() < 1e-4
            assert (wrong - exact).abs().mean() > 0.05

    def test_the_saved_variance_is_that_of_codes(self, arrays, batch):
        """So codes alone, not mixtures, decided the authors' running statistics."""
        weight, *_, inverse_std = arrays["align"]
        saved = inverse_std.square().reciprocal()
        shares = [
            ((codes @ weight).var(0) / saved).mean().item()
            for codes in reference_codes(arrays["en_params"], batch)
        ]
        assert 0.6 < shares[0] < 1.2
        assert shares[1] < 0.4


def reference_codes(encoder, batch) -> list[torch.Tensor]:
    """Codes with sampling noise, and their mixtures of five, from the description."""
    w1, b1, w2, b2, w3, b3 = encoder
    hidden = (batch["pose"] @ w1 + b1).clamp(min=0)
    mean, log_variance = hidden @ w2 + b2, hidden @ w3 + b3
    sampled = mean + (0.5 * log_variance).exp() * batch["noise"]
    code = torch.cat([sampled, batch["origin"]], 1)
    mixed = torch.zeros_like(code)
    for row, (partners, shares) in enumerate(
        zip(batch["partners"], batch["shares"], strict=True)
    ):
        for partner, share in zip(partners, shares, strict=True):
            mixed[row] += share / shares.sum() * code[partner]
    return [code, mixed]


def reference_images(arrays, codes) -> torch.Tensor:
    """Images of one batch of codes: linear, batch norm over it, then what follows."""
    weight, *norm = arrays["align"]
    maps = torch.tanh(normalised(codes @ weight, *norm[:2], axes=(0,)))
    weight, shift, scale, *rest = arrays["gen_params"]
    rest = rest[2:]  # mean and inverse deviation, which training does not use
    maps = normalised(maps @ weight, shift, scale, axes=(0,)).clamp(min=0)
    maps = maps.view(-1, 32, 4, 4)
    while len(rest) > 2:
        weight, shift, scale, _, _, *rest = rest
        maps = grown(maps, weight)
        maps = normalised(maps, shift, scale, axes=(0, 2, 3)).clamp(min=0)
    weight, bias = rest
    return torch.tanh(grown(maps, weight) + bias)


def normalised(values, shift, scale, axes) -> torch.Tensor:
    """Batch norm with the batch's mean and its biased variance, epsilon 1e-4."""
    shape = [1, -1, *[1] * (values.ndim - 2)]
    mean = values.mean(axes, keepdim=True)
    variance = (values - mean).square().mean(axes, keepdim=True)
    whole = (values - mean) / (variance + 1e-4).sqrt()
    return whole * scale.view(shape) + shift.view(shape)


def grown(maps, weight) -> torch.Tensor:
    """A transposed convolution of 6x6, stride 2, cut by 2, its kernel turned round."""
    side = maps.shape[-1]
    found = maps.new_zeros(len(maps), weight.shape[1], 2 * side + 4, 2 * side + 4)
    for row in range(6):
        for column in range(6):
            part = torch.einsum(
                "bcyx,cd->bdyx", maps, weight[:, :, 5 - row, 5 - column]
            )
            stop = (row + 2 * side, column + 2 * side)
            found[:, :, row : stop[0] : 2, column : stop[1] : 2] += part
    return found[:, :, 2:-2, 2:-2]


class TestDepthTerm:
    def test_only_the_images_of_the_codes_count(self):
        """Images of mixed codes stand against none."""
        scene = {
            "of_mixed": torch.ones(2, 1, 4, 4),
            "of_code": torch.full((2, 1, 4, 4), 0.5),
        }
        terms = scenes.depth_term(1.0, {"measured": torch.zeros(2, 1, 4, 4)}, scene)
        assert terms["depth_reconstruction"].item() == pytest.approx(0.25)


class TestCodeTerms:
    def test_measured_images_and_both_kinds_of_rendered_ones_are_three_batches(
        self, stacked, tiny
    ):
        """Each is normalised alone, whatever the other two and the unlabelled are."""
        stack, batch = stacked([tiny], "joint")
        scene = {name: value.detach() for name, value in imagined(stack, batch).items()}
        one = {name: tensor[0] for name, tensor in batch.items()}

        def read(head, images):
            nets = alone(stack, DISCRIMINATOR)
            maps = run(stack.modules["trunk"], nets["trunk"], images)
            return run(stack.modules[head], nets[head], maps)

        code, apart = scene["code"], scene["code"] - scene["mixed"]
        measured = read("smoother", one["measured"])
        wanted = {
            "posterior": (read("posterior", one["measured"]) - code).square().mean(),
            "smoothness_self": (
                (measured - read("smoother", scene["of_code"])).square().mean()
            ),
            "smoothness_mixed": (
                (apart - measured + read("smoother", scene["of_mixed"])).square().mean()
            ),
        }
        nets = alone(stack, DISCRIMINATOR)
        found = scenes.code_terms(stack.modules, nets, one, scene)
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            torch.testing.assert_close(found[name], value)
