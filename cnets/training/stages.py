"""The four updates of Crossing Nets, written for one lane, run on a stack.

Stage A trains the pose VAE, stage B the depth GAN; stage C warms the alignment
and the two code heads up, then trains discriminator and generator in turn. The
VAE is frozen in stage C. What an update may change is the list of names it
gives to `Stack.descend`, and nothing else.

Source:
    Wan et al. 2017, arXiv:1702.03431, algorithm 1, with the released code's
    choices; the semi-supervised batch is half labelled, half unlabelled.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from cnets.config import TrainConfig
from cnets.networks import losses, pose_vae
from cnets.networks.crossing_net import (
    CODE_HEADS,
    DISCRIMINATOR,
    GENERATOR,
    RENDERING,
    VAE,
)
from cnets.shapes import Depth
from cnets.training.lanes import Net, Stack, run


Modules = Mapping[str, nn.Module]
Nets = Mapping[str, Net]
Batch = Mapping[str, Tensor]
Terms = dict[str, Tensor]

NETWORKS = {
    "vae": VAE,
    "gan": ("generator", "trunk", "real"),
    "warm_up": ("encoder", *GENERATOR, *DISCRIMINATOR),
    "joint": ("encoder", *GENERATOR, *DISCRIMINATOR),
}
"""The networks that a stage runs, changed or not."""

CODE_MEANS = ("posterior", "smoothness_mixed", "smoothness_self")
"""The terms that are means over the numbers of a code."""


def vae_learning_rate(config: TrainConfig, epoch: int, steps: int) -> float:
    """Step size in an epoch of stage A.

    Args:
        config: The lane's configuration.
        epoch: Epochs that came before.
        steps: Updates in an epoch.

    Returns:
        The base rate times decay^(e (steps + 1) / 10000), e counting the
        epochs that ended before the last one, as in the released code.
    """
    ended = max(epoch - 1, 0) * (steps + 1)
    return config.vae.learning_rate * config.vae.decay ** (ended / 10_000)


def update_vae(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of stage A; returns its loss terms, one value a lane."""
    nets = _pick(stack, VAE)
    terms = stack.map(partial(vae_terms, stack.modules), nets, batch)
    stack.descend("vae", VAE, stack.weighted(terms), learning_rate)
    return _detached(terms)


def update_gan(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of stage B, discriminator then generator.

    Both losses count fully here, whatever the joint stage's weights, so the
    stage's product can serve every configuration.
    """
    modules, judges = stack.modules, ("trunk", "real")
    nets = stack.nets["generator"]
    rendered = stack.map(partial(run, modules["generator"]), nets, batch["code"])
    terms = stack.map(
        partial(adversarial_terms, modules),
        _pick(stack, judges),
        batch["measured"],
        rendered.detach(),
    )
    total = terms["adversarial_real"] + terms["adversarial_fake"]
    stack.descend("gan_discriminator", judges, total, learning_rate)
    matched = stack.map(
        partial(matching_terms, modules),
        _fixed(stack, judges),
        batch["measured"],
        rendered,
    )
    total = matched["feature_matching"]
    stack.descend("gan_generator", ("generator",), total, learning_rate)
    return _detached(terms | matched)


def update_warm_up(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of the warm-up: the code heads, then the alignment.

    Trunk, real head and generator keep the weights of stage B.
    """
    modules = stack.modules
    scene = stack.map(partial(imagine, modules), _pick(stack, RENDERING), batch)
    nets = _fixed(stack, ("trunk",)) | _pick(stack, CODE_HEADS)
    fixed = _detached(scene)
    terms = stack.map(partial(code_terms, modules), nets, batch, fixed)
    terms = _over_own_codes(stack, terms)
    total = stack.weighted(_smoothness(terms) | {"posterior": terms["posterior"]})
    stack.descend("warm_up_heads", CODE_HEADS, total, learning_rate)
    depth = stack.map(partial(depth_term, _clip(stack)), batch, scene)
    total = stack.weighted(depth)
    stack.descend("warm_up_alignment", ("alignment",), total, learning_rate)
    return _detached(terms | depth)


def update_joint(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of the joint stage: discriminator, then generator.

    Both see the same batch, codes and noise; the images are rendered once and
    the generator's update looks at them through the updated discriminator.
    """
    modules = stack.modules
    scene = stack.map(partial(imagine, modules), _pick(stack, RENDERING), batch)
    terms = stack.map(
        partial(discriminator_terms, modules),
        _pick(stack, DISCRIMINATOR),
        batch,
        _detached(scene),
    )
    terms = _over_own_codes(stack, terms)
    adversarial = terms["adversarial_real"] + terms["adversarial_fake"]
    total = stack.weighted(
        {"adversarial": adversarial, "posterior": terms["posterior"]}
        | _smoothness(terms)
    )
    stack.descend("discriminator", DISCRIMINATOR, total, learning_rate)
    seen = stack.map(
        partial(generator_terms, modules), _fixed(stack, DISCRIMINATOR), batch, scene
    )
    seen = _over_own_codes(stack, seen)
    depth = stack.map(partial(depth_term, _clip(stack)), batch, scene)
    matched = {"feature_matching": seen["feature_matching"]}
    total = stack.weighted(depth | matched | _smoothness(seen))
    stack.descend("generator", GENERATOR, total, learning_rate)
    return _detached(terms | depth | matched)


UPDATES: dict[str, Callable[[Stack, Batch, Tensor], Terms]] = {
    "vae": update_vae,
    "gan": update_gan,
    "warm_up": update_warm_up,
    "joint": update_joint,
}
"""The update of each stage."""


def vae_terms(modules: Modules, nets: Nets, batch: Batch) -> Terms:
    """Terms of stage A, one lane."""
    mean, log_variance = run(modules["encoder"], nets["encoder"], batch["pose"])
    code = pose_vae.sample_code(mean, log_variance, batch["noise"])
    decoded = run(modules["decoder"], nets["decoder"], code)
    return {
        "pose_reconstruction": losses.pose_reconstruction(decoded, batch["pose"]),
        "kl": losses.kl_standard_normal(mean, log_variance),
    }


def adversarial_terms(
    modules: Modules, nets: Nets, measured: Depth, rendered: Depth
) -> Terms:
    """Cross-entropy of real and of rendered images, one lane."""
    _, on_real = _judge(modules, nets, measured, keep_statistics=True)
    _, on_fake = _judge(modules, nets, rendered, keep_statistics=False)
    return {
        "adversarial_real": losses.judged_real(on_real),
        "adversarial_fake": losses.judged_rendered(on_fake),
    }


def matching_terms(
    modules: Modules, nets: Nets, measured: Depth, rendered: Depth
) -> Terms:
    """Feature matching, one lane."""
    real, _ = _judge(modules, nets, measured, keep_statistics=False)
    fake, _ = _judge(modules, nets, rendered, keep_statistics=False)
    return {"feature_matching": losses.feature_matching(real, fake)}


def imagine(modules: Modules, nets: Nets, batch: Batch) -> dict[str, Tensor]:
    """Codes of the labelled poses, mixtures of them, and images of both, one lane.

    A mixed code is a random convex combination of codes of the batch: the
    codes lie far from a unit Gaussian, whose samples would be no hands.

    Returns:
        `code`, `mixed`, and `rendered`: images of the mixed codes, then of the
        codes, so that batch norm sees them as one batch.
    """
    with torch.no_grad():
        mean, log_variance = run(modules["encoder"], nets["encoder"], batch["pose"])
        sampled = pose_vae.sample_code(mean, log_variance, batch["noise"])
        code = torch.cat([sampled, batch["origin"]], 1)
        shares = batch["shares"] / batch["shares"].sum(1, keepdim=True)
        mixed = (shares.unsqueeze(2) * code[batch["partners"]]).sum(1)
    aligned = run(modules["alignment"], nets["alignment"], torch.cat([mixed, code]))
    rendered = run(modules["generator"], nets["generator"], aligned)
    return {"code": code, "mixed": mixed, "rendered": rendered}


def code_terms(modules: Modules, nets: Nets, batch: Batch, scene: Batch) -> Terms:
    """Posterior and smoothness, one lane: what the two code heads learn from."""
    size = len(batch["measured"])
    images = torch.cat([batch["measured"], batch["unlabelled"]])
    maps = run(modules["trunk"], nets["trunk"], images)
    fake_maps = _trunk(modules, nets, scene["rendered"])
    return _read_codes(modules, nets, maps[:size], fake_maps, scene)


def discriminator_terms(
    modules: Modules, nets: Nets, batch: Batch, scene: Batch
) -> Terms:
    """Everything that the discriminator's update minimises, one lane."""
    size = len(batch["measured"])
    images = torch.cat([batch["measured"], batch["unlabelled"]])
    maps = run(modules["trunk"], nets["trunk"], images)
    fake_maps = _trunk(modules, nets, scene["rendered"])
    head, net = modules["real"], nets["real"]
    _, on_real = run(head, net, maps)
    _, on_fake = run(head, net, fake_maps, keep_statistics=False)
    return _read_codes(modules, nets, maps[:size], fake_maps, scene) | {
        "adversarial_real": losses.judged_real(on_real),
        "adversarial_fake": losses.judged_rendered(on_fake),
    }


def generator_terms(modules: Modules, nets: Nets, batch: Batch, scene: Batch) -> Terms:
    """What the generator's update minimises through the discriminator, one lane."""
    size = len(batch["measured"])
    images = torch.cat([batch["measured"], batch["unlabelled"]])
    maps = _trunk(modules, nets, images)
    fake_maps = _trunk(modules, nets, scene["rendered"])
    head, net = modules["real"], nets["real"]
    real, _ = run(head, net, maps, keep_statistics=False)
    fake, _ = run(head, net, fake_maps, keep_statistics=False)
    embed = partial(run, modules["smoother"], nets["smoother"], keep_statistics=False)
    terms = _smoothness_terms(embed(maps[:size]), embed(fake_maps), scene)
    return terms | {"feature_matching": losses.feature_matching(real, fake)}


def depth_term(ceiling: float, batch: Batch, scene: Batch) -> Terms:
    """Depth reconstruction of the labelled images, one lane."""
    rendered = scene["rendered"][len(batch["measured"]) :]
    return {
        "depth_reconstruction": losses.depth_reconstruction(
            rendered, batch["measured"], ceiling=ceiling
        )
    }


def _read_codes(
    modules: Modules, nets: Nets, maps: Tensor, fake_maps: Tensor, scene: Batch
) -> Terms:
    read = run(modules["posterior"], nets["posterior"], maps)
    measured = run(modules["smoother"], nets["smoother"], maps)
    head, net = modules["smoother"], nets["smoother"]
    fake = run(head, net, fake_maps, keep_statistics=False)
    terms = _smoothness_terms(measured, fake, scene)
    return terms | {"posterior": losses.posterior(read, scene["code"])}


def _smoothness_terms(measured: Tensor, fake: Tensor, scene: Batch) -> Terms:
    of_mixed, of_code = fake.chunk(2)
    return {
        "smoothness_mixed": losses.smoothness_mixed(
            measured, of_mixed, scene["code"], scene["mixed"]
        ),
        "smoothness_self": losses.smoothness_self(measured, of_code),
    }


def _smoothness(terms: Terms) -> Terms:
    return {"smoothness": terms["smoothness_mixed"] + terms["smoothness_self"]}


def _over_own_codes(stack: Stack, terms: Terms) -> Terms:
    """The terms with means over each lane's own code, not over a wider one."""
    spread = stack.spread
    if spread is None:
        return terms
    return {n: t * spread if n in CODE_MEANS else t for n, t in terms.items()}


def _trunk(modules: Modules, nets: Nets, images: Tensor) -> Tensor:
    return run(modules["trunk"], nets["trunk"], images, keep_statistics=False)


def _judge(
    modules: Modules, nets: Nets, images: Tensor, *, keep_statistics: bool
) -> tuple[Tensor, Tensor]:
    keep = keep_statistics
    maps = run(modules["trunk"], nets["trunk"], images, keep_statistics=keep)
    return run(modules["real"], nets["real"], maps, keep_statistics=keep)


def _pick(stack: Stack, names: Sequence[str]) -> dict[str, Net]:
    return {name: stack.nets[name] for name in names}


def _fixed(stack: Stack, names: Sequence[str]) -> dict[str, Net]:
    return {name: stack.nets[name].detached() for name in names}


def _clip(stack: Stack) -> float:
    return stack.lanes[0].config.joint.depth_clip


def _detached(terms: Batch) -> dict[str, Tensor]:
    return {name: term.detach() for name, term in terms.items()}
