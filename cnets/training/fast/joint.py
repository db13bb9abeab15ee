"""The joint update for one lane, arranged for speed; same numbers but for rounding.

`updates.joint` is the reference. What differs here: maps lie in memory
pixel by pixel (`channels_last`), a convolution that doubles the side is done as
four small dense ones, networks are called without `functional_call`, and
squashing is done in place. Nothing is drawn, compiled or approximated, so an
update repeats to the last bit on one machine. The other stages are not here.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from cnets.networks import depth_gan, losses, pose_vae
from cnets.networks.crossing_net import CODE_HEADS, DISCRIMINATOR, GENERATOR
from cnets.training import schedule
from cnets.training.fast import strided
from cnets.training.lanes.lane import Net, unflatten
from cnets.training.lanes.stack import Stack


EPSILON, MOMENTUM, SLOPE = 1e-4, 0.1, 0.2
"""Of its batch norms and leaky rectifiers."""


def _norm(maps: Tensor, net: Net, name: str, *, keep: bool) -> Tensor:
    """Batch norm by the batch's own statistics; `keep` updates the running ones."""
    mean = variance = None
    if keep:
        mean = net.buffers[f"{name}.running_mean"]
        variance = net.buffers[f"{name}.running_var"]
        net.buffers[f"{name}.num_batches_tracked"].add_(1)
    scale, shift = net.params[f"{name}.weight"], net.params[f"{name}.bias"]
    rule = (scale, shift, True, MOMENTUM, EPSILON)
    return functional.batch_norm(maps, mean, variance, *rule)


def _norm_folded(maps: Tensor, net: Net, name: str, *, keep: bool) -> Tensor:
    return _norm(strided.blocks_as_pixels(maps), net, name, keep=keep)


def _leaky(maps: Tensor) -> Tensor:
    """Rectified in place.

    Gradients of another layout than the maps' would take every operation
    before this one down its slow path.
    """
    rectified = functional.leaky_relu_(maps, SLOPE)
    if rectified.requires_grad and rectified.dim() == 4:
        rectified.register_hook(strided.pixelwise)
    return rectified


def _trunk(images: Tensor, net: Net, *, keep: bool) -> Tensor:
    """The trunk's two convolutions; the maps between them are folded."""
    p = net.params
    maps = strided.halve_image(images, p["shrink.0.weight"])
    maps = _norm_folded(maps, net, "shrink.1", keep=keep)
    maps = strided.pixels_as_blocks(_leaky(maps))
    maps = strided.halve_folded(maps, p["shrink.3.weight"])
    maps = _norm(maps, net, "shrink.4", keep=keep)
    return _leaky(maps)


def _shrink(maps: Tensor, net: Net, *, keep: bool) -> Tensor:
    """All convolutions of a head."""
    index = 0
    while f"shrink.{index}.weight" in net.params:
        maps = strided.halve(maps, net.params[f"shrink.{index}.weight"])
        maps = _norm(maps, net, f"shrink.{index + 1}", keep=keep)
        maps = _leaky(maps)
        index += 3
    return maps


def _real(maps: Tensor, net: Net, *, keep: bool) -> tuple[Tensor, Tensor]:
    features = _shrink(maps, net, keep=keep)
    p = net.params
    logits = functional.linear(features.flatten(1), p["dense.weight"], p["dense.bias"])
    return features, logits.squeeze(1)


def _code(maps: Tensor, net: Net, *, keep: bool) -> Tensor:
    features = _shrink(maps, net, keep=keep).flatten(1)
    p = net.params
    hidden = functional.linear(features, p["dense.weight"])
    hidden = _leaky(_norm(hidden, net, "norm", keep=keep))
    return functional.linear(hidden, p["read.weight"], p["read.bias"])


def _paint(code: Tensor, alignment: Net, generator: Net) -> Tensor:
    """Images of codes; the running statistics of both networks are updated."""
    aligned = functional.linear(code, alignment.params["dense.weight"])
    squashed = torch.tanh(_norm(aligned, alignment, "norm", keep=True))
    p, side = generator.params, depth_gan.SMALLEST_SIDE
    flat = functional.linear(squashed, p["dense.weight"])
    flat = torch.relu_(_norm(flat, generator, "dense_norm", keep=True))
    maps, index = flat.unflatten(1, (-1, side, side)), 0
    while f"grow.{index + 3}.weight" in p:
        maps = strided.double(maps, p[f"grow.{index}.weight"])
        maps = torch.relu_(_norm(maps, generator, f"grow.{index + 1}", keep=True))
        index += 3
    maps = strided.double_folded(maps, p[f"grow.{index}.weight"])
    maps = _norm_folded(maps, generator, f"grow.{index + 1}", keep=True)
    maps = strided.pixels_as_blocks(torch.relu_(maps))
    return torch.tanh(
        strided.double_to_image(maps, p["paint.weight"]) + p["paint.bias"]
    )


class JointUpdate:
    """`updates.joint.update` for a stack of one lane; called like it."""

    def __init__(self, stack: Stack) -> None:
        """Look at the stack's numbers; they stay where they are.

        Args:
            stack: A stack of the joint stage.

        Raises:
            ValueError: If it does not hold exactly one lane.
        """
        if len(stack.lanes) != 1:
            raise ValueError(
                f"`stack` must hold one lane to be fast, got {len(stack.lanes)}."
            )
        self._stack = stack
        self._nets = {name: _alone(stack, name) for name in schedule.NETWORKS["joint"]}
        self._fixed = {name: net.detached() for name, net in self._nets.items()}
        self._clip = stack.lanes[0].config.joint.depth_clip

    def __call__(
        self, stack: Stack, batch: Mapping[str, Tensor], learning_rate: Tensor
    ) -> dict[str, Tensor]:
        """One update, discriminator then generator; returns the loss terms.

        Raises:
            ValueError: If the stack is another one than at first.
        """
        if stack is not self._stack:
            raise ValueError("`stack` must be the one that the update was made for.")
        alone = {name: value[0] for name, value in batch.items()}
        alone["images"] = torch.cat([alone["measured"], alone["unlabelled"]])
        code, mixed = self._codes(alone)
        rendered = _paint(
            torch.cat([mixed, code]), self._nets["alignment"], self._nets["generator"]
        )
        scene = {"code": code, "mixed": mixed, "rendered": rendered.detach()}
        terms = self._judge(alone, scene)
        adversarial = terms["adversarial_real"] + terms["adversarial_fake"]
        parts = {"adversarial": adversarial, "posterior": terms["posterior"]}
        total = self._weighted(parts | _smoothness(terms))
        self._descend("discriminator", DISCRIMINATOR, total, learning_rate)
        seen = self._match(alone, scene | {"rendered": rendered})
        names = ("depth_reconstruction", "feature_matching")
        matched = {name: seen[name] for name in names}
        total = self._weighted(matched | _smoothness(seen))
        self._descend("generator", GENERATOR, total, learning_rate)
        return {n: t.detach().unsqueeze(0) for n, t in (terms | matched).items()}

    @torch.no_grad()
    def _codes(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Codes of the labelled poses, and mixtures of them."""
        p = self._nets["encoder"].params
        layers = {n: (p[f"{n}.weight"], p[f"{n}.bias"]) for n in _ENCODER_LAYERS}
        hidden = torch.relu_(functional.linear(batch["pose"], *layers["hidden"]))
        mean, log_variance = (
            functional.linear(hidden, *layers[n]) for n in ("mean", "log_variance")
        )
        sampled = pose_vae.sample_code(mean, log_variance, batch["noise"])
        code = torch.cat([sampled, batch["origin"]], 1)
        shares = batch["shares"] / batch["shares"].sum(1, keepdim=True)
        return code, (shares.unsqueeze(2) * code[batch["partners"]]).sum(1)

    def _judge(
        self, batch: Mapping[str, Tensor], scene: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """What `updates.joint.discriminator_terms` gives."""
        nets, size = self._nets, len(batch["measured"])
        maps = _trunk(batch["images"], nets["trunk"], keep=True)
        fake_maps = _trunk(scene["rendered"], nets["trunk"], keep=False)
        _, on_real = _real(maps, nets["real"], keep=True)
        _, on_fake = _real(fake_maps, nets["real"], keep=False)
        read, measured = (
            _code(maps[:size], nets[name], keep=True) for name in CODE_HEADS
        )
        fake = _code(fake_maps, nets["smoother"], keep=False)
        return _differences(measured, fake, scene) | {
            "posterior": losses.posterior(read, scene["code"]),
            "adversarial_real": losses.judged_real(on_real),
            "adversarial_fake": losses.judged_rendered(on_fake),
        }

    def _match(
        self, batch: Mapping[str, Tensor], scene: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """What `updates.joint.generator_terms` and `updates.scenes.depth_term` give."""
        nets, size = self._fixed, len(batch["measured"])
        with torch.no_grad():
            maps = _trunk(batch["images"], nets["trunk"], keep=False)
            real = _shrink(maps, nets["real"], keep=False)
            measured = _code(maps[:size], nets["smoother"], keep=False)
        fake_maps = _trunk(scene["rendered"], nets["trunk"], keep=False)
        fake = _shrink(fake_maps, nets["real"], keep=False)
        embedded = _code(fake_maps, nets["smoother"], keep=False)
        depth = losses.depth_reconstruction(
            scene["rendered"][size:], batch["measured"], ceiling=self._clip
        )
        return _differences(measured, embedded, scene) | {
            "feature_matching": losses.feature_matching(real, fake),
            "depth_reconstruction": depth,
        }

    def _weighted(self, terms: Mapping[str, Tensor]) -> Tensor:
        weight = self._stack.numbers
        parts = [weight(f"losses.{name}")[0] * term for name, term in terms.items()]
        return torch.stack(parts).sum(0)

    def _descend(
        self, update: str, names: tuple[str, ...], total: Tensor, rate: Tensor
    ) -> None:
        every = [p for name in names for p in self._nets[name].params.values()]
        gradients = iter(torch.autograd.grad(total, every))
        flat = {
            name: torch.cat(
                [next(gradients).flatten() for _ in self._nets[name].params]
            )
            for name in names
        }
        self._stack.step(update, {n: g.unsqueeze(0) for n, g in flat.items()}, rate)


_ENCODER_LAYERS = ("hidden", "mean", "log_variance")


def _alone(stack: Stack, name: str) -> Net:
    """The one lane's network as views of the stack's numbers."""
    views = unflatten(stack.flat[name][0], stack.modules[name])
    params = {n: v.detach().requires_grad_() for n, v in views.items()}
    return Net(params, {n: b[0] for n, b in stack.nets[name].buffers.items()})


def _differences(
    measured: Tensor, fake: Tensor, scene: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    of_mixed, of_code = fake.chunk(2)
    codes = (scene["code"], scene["mixed"])
    return {
        "smoothness_mixed": losses.smoothness_mixed(measured, of_mixed, *codes),
        "smoothness_self": losses.smoothness_self(measured, of_code),
    }


def _smoothness(terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"smoothness": terms["smoothness_mixed"] + terms["smoothness_self"]}
