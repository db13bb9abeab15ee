"""Stage C after the warm-up: the update of discriminator and generator in turn.

The VAE is frozen here.

Source:
    Wan et al. 2017, arXiv:1702.03431, algorithm 1, with the released code's
    choices; the semi-supervised batch is half labelled, half unlabelled.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from cnets.networks import crossing_net, losses
from cnets.training.lanes.lane import Net, run
from cnets.training.lanes.stack import Stack
from cnets.training.updates import balance, consistency, parts, scenes
from cnets.training.updates.parts import Batch, Modules, Nets, Terms


def update(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of the joint stage: discriminator, then generator.

    Both see the same batch, codes and noise; the images are rendered once and
    the generator's update looks at them through the updated discriminator.
    """
    modules = stack.modules
    scene, terms = _judged(stack, batch, parts.pick)
    weighed = _weighed(terms)
    if balance.is_on(stack):
        gradients = balance.balanced(stack, weighed)
        stack.step("discriminator", gradients, learning_rate)
    else:
        total = stack.weighted(weighed)
        stack.descend("discriminator", crossing_net.DISCRIMINATOR, total, learning_rate)
    if consistency.is_on(stack):
        consistency.follow(stack)
    seen = stack.map(
        partial(generator_terms, modules),
        parts.fixed(stack, crossing_net.DISCRIMINATOR),
        batch,
        scene,
    )
    seen = parts.over_own_codes(stack, seen)
    depth = stack.map(partial(scenes.depth_term, parts.depth_clip(stack)), batch, scene)
    matched = {"feature_matching": seen["feature_matching"]}
    total = stack.weighted(depth | matched | parts.smoothness(seen))
    stack.descend("generator", crossing_net.GENERATOR, total, learning_rate)
    return parts.detached(terms | depth | matched)


def trunk_shares(stack: Stack, batch: Batch) -> Terms:
    """The share of each loss in the trunk's gradient on a batch; see `balance.shares`.

    It changes nothing, running statistics neither.
    """
    _, terms = _judged(stack, batch, parts.copied)
    return balance.shares(stack, _weighed(terms))


def _judged(
    stack: Stack,
    batch: Batch,
    pick: Callable[[Stack, Sequence[str]], dict[str, Net]],
) -> tuple[Terms, Terms]:
    """The scene of a batch, and what the discriminator's update minimises.

    Args:
        stack: The lanes.
        batch: What they see.
        pick: Gives networks of the stack.
    """
    modules = stack.modules
    nets = pick(stack, crossing_net.RENDERING)
    scene = stack.map(partial(scenes.imagine, modules), nets, batch)
    nets, fixed = pick(stack, crossing_net.DISCRIMINATOR), parts.detached(scene)
    terms = stack.map(partial(discriminator_terms, modules), nets, batch, fixed)
    terms = parts.over_own_codes(stack, terms)
    if consistency.is_on(stack):
        terms |= consistency.terms_of(stack, nets, batch)
    return scene, terms


def discriminator_terms(
    modules: Modules, nets: Nets, batch: Batch, scene: Batch
) -> Terms:
    """Everything that the discriminator's update minimises, one lane."""
    real_maps, fake_maps = _maps(modules, nets, batch, scene)
    head, net = modules["real"], nets["real"]
    _, on_real = run(head, net, real_maps)
    _, on_fake = run(head, net, fake_maps, keep_statistics=False)
    return scenes.code_terms(modules, nets, batch, scene) | {
        "adversarial_real": losses.judged_real(on_real),
        "adversarial_fake": losses.judged_rendered(on_fake),
    }


def generator_terms(modules: Modules, nets: Nets, batch: Batch, scene: Batch) -> Terms:
    """What the generator's update minimises through the discriminator, one lane."""
    real_maps, fake_maps = _maps(modules, nets, batch, scene)
    head, net = modules["real"], nets["real"]
    real, _ = run(head, net, real_maps, keep_statistics=False)
    fake, _ = run(head, net, fake_maps, keep_statistics=False)
    measured = scenes.embed(modules, nets, batch["measured"])
    terms = scenes.smoothness_terms(modules, nets, measured, scene)
    return terms | {"feature_matching": losses.feature_matching(real, fake)}


def _weighed(terms: Terms) -> Terms:
    """The discriminator's terms under the names of their weights."""
    adversarial = terms["adversarial_real"] + terms["adversarial_fake"]
    own = {"adversarial": adversarial, "posterior": terms["posterior"]}
    if "consistency" in terms:
        own["consistency"] = terms["consistency"]
    return own | parts.smoothness(terms)


def _maps(
    modules: Modules, nets: Nets, batch: Batch, scene: Batch
) -> tuple[Tensor, Tensor]:
    """The trunk's maps of all measured and of all rendered images, two batches."""
    images = torch.cat([batch["measured"], batch["unlabelled"]])
    return (
        scenes.maps_of(modules, nets, images),
        scenes.maps_of(modules, nets, scenes.fakes(scene)),
    )
