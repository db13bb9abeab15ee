"""One lane: the whole state of one trial, and how its networks are run.

A network's parameters are one vector; the modules give structure only. Lanes side
by side are in `stack`. Nothing here knows a loss or a data set.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from cnets.config import TrainConfig
from cnets.hands.subject import Subject
from cnets.training import schedule
from cnets.training.lanes.optimiser import Moments


class Net(NamedTuple):
    """What a module needs to run: parameters and buffers by name."""

    params: dict[str, Tensor]
    buffers: dict[str, Tensor]

    def detached(self) -> "Net":
        """The same values, through which no gradient flows."""
        return Net({n: p.detach() for n, p in self.params.items()}, self.buffers)

    def copied(self) -> "Net":
        """The same parameters with running statistics of their own."""
        return Net(self.params, {n: b.clone() for n, b in self.buffers.items()})


def run(
    module: nn.Module, net: Net, *inputs: Tensor, keep_statistics: bool = True
) -> Any:
    """The module's output on one lane.

    Args:
        module: Gives the structure and the mode; its own weights are not used.
        net: The lane's weights; running statistics are updated in place.
        inputs: The module's inputs.
        keep_statistics: False leaves the running statistics as they are. They
            describe real images, for prediction; rendered batches stay out.
    """
    buffers = net.buffers
    if not keep_statistics:
        buffers = {name: buffer.clone() for name, buffer in buffers.items()}
    return functional_call(module, {**net.params, **buffers}, inputs)


@dataclass
class Lane:
    """The whole training state of one trial; `state` writes it to disk."""

    config: TrainConfig
    stage: str = "vae"
    epoch: int = 0
    """Epochs of the stage that are behind it."""
    flat: dict[str, Tensor] = field(default_factory=dict)
    """Parameters of each network, one after the other in one vector."""
    buffers: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    moments: dict[str, dict[str, Moments]] = field(default_factory=dict)
    """Adam's state by update, then by network; each update has its own."""
    averages: dict[str, Tensor] = field(default_factory=dict)
    """Moving averages of parameters, by network, in stages that keep some."""
    recent: tuple[dict[str, float], ...] = ()
    """Figures of the stage's last epochs, for the rules of `health.rules`."""
    terms: dict[str, float] = field(default_factory=dict)
    """Newest value of every loss term, also of stages that are over."""
    origin: str = ""
    """SHA-256 of the model that its networks came from; empty for random ones."""
    subject: Subject | None = None
    """The hand that they read; None in checkpoints of an older code."""

    @property
    def finished(self) -> bool:
        """Whether the joint stage is over."""
        return self.stage == "joint" and self.epoch >= self.config.joint.epochs

    def net(self, name: str, module: nn.Module) -> Net:
        """One network of this lane alone."""
        return Net(unflatten(self.flat[name], module), self.buffers[name])


def unflatten(flat: Tensor, module: nn.Module) -> dict[str, Tensor]:
    """Views of a [..., parameters] array under the module's parameter names."""
    views, start = {}, 0
    for name, parameter in module.named_parameters():
        part = flat[..., start : start + parameter.numel()]
        views[name] = part.unflatten(-1, parameter.shape)
        start += parameter.numel()
    return views


def take(lane: Lane, name: str, module: nn.Module) -> None:
    """Make the weights of an initialised module the lane's own."""
    parts = [p.detach().reshape(-1) for p in module.parameters()]
    lane.flat[name] = torch.cat(parts)
    lane.buffers[name] = {n: b.detach().clone() for n, b in module.named_buffers()}


def move_on(lane: Lane) -> None:
    """Put a lane whose stage is over at the start of the next one that has epochs."""
    while not lane.finished and lane.epoch >= schedule.epochs_of(
        lane.config, lane.stage
    ):
        following = schedule.STAGES[schedule.STAGES.index(lane.stage) + 1]
        lane.stage, lane.epoch, lane.moments, lane.recent = following, 0, {}, ()
