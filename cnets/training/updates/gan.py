"""Stage B: the update of the depth GAN, discriminator then generator."""

from functools import partial

from torch import Tensor

from cnets.networks import losses
from cnets.shapes import Depth
from cnets.training.lanes.lane import run
from cnets.training.lanes.stack import Stack
from cnets.training.updates import parts
from cnets.training.updates.parts import Batch, Modules, Nets, Terms


def update(stack: Stack, batch: Batch, learning_rate: Tensor) -> Terms:
    """One update of stage B, discriminator then generator.

    Both losses count fully here, whatever the joint stage's weights, so the
    stage's product can serve every configuration.
    """
    modules, judges = stack.modules, ("trunk", "real")
    nets = stack.nets["generator"]
    rendered = stack.map(partial(run, modules["generator"]), nets, batch["code"])
    terms = stack.map(
        partial(adversarial_terms, modules),
        parts.pick(stack, judges),
        batch["measured"],
        rendered.detach(),
    )
    total = terms["adversarial_real"] + terms["adversarial_fake"]
    stack.descend("gan_discriminator", judges, total, learning_rate)
    matched = stack.map(
        partial(matching_terms, modules),
        parts.fixed(stack, judges),
        batch["measured"],
        rendered,
    )
    total = matched["feature_matching"]
    stack.descend("gan_generator", ("generator",), total, learning_rate)
    return parts.detached(terms | matched)


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


def _judge(
    modules: Modules, nets: Nets, images: Tensor, *, keep_statistics: bool
) -> tuple[Tensor, Tensor]:
    keep = keep_statistics
    maps = run(modules["trunk"], nets["trunk"], images, keep_statistics=keep)
    return run(modules["real"], nets["real"], maps, keep_statistics=keep)
