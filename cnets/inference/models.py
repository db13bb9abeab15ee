"""Where a model comes from: the authors' weights, a run's folder, an export.

A name says which: `published:DIR` for the authors' files, else a folder that
holds either an export (`model.json`) or the checkpoints of a run (`at-*`).
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from cnets.hands import skeleton
from cnets.hands.subject import Subject
from cnets.inference import exported, published
from cnets.inference.model import Model
from cnets.networks import crossing_net
from cnets.training import state
from cnets.training.lanes.lane import Lane, unflatten


CHECKPOINTS = "at-*"
"""Folders of a run's checkpoints; the last by name is the newest."""

INSIDE = ("", "run")
"""Where they lie in a run's folder, and in that of `crossnets train --out`."""


def open_model(name: str) -> Model:
    """The trained networks that a name stands for.

    Args:
        name: `published:DIR`, or the folder of a run or of an export.

    Raises:
        ValueError: If there is no such folder, no model in it, or a damaged one.
    """
    if name.startswith(published.PREFIX):
        return published.load(name.removeprefix(published.PREFIX))
    folder = Path(name)
    if not folder.is_dir():
        raise ValueError(
            f"`model` must be published:DIR or a folder of a model, got {name!r}."
        )
    if (folder / exported.HEADER).is_file():
        return exported.load(folder)
    return of_lane(name, _newest(folder))


def of_lane(name: str, lane: Lane) -> Model:
    """The networks of a lane as they are now.

    Raises:
        ValueError: If the lane does not say its hand, and none of this code has its
            number of joints.
    """
    about = lane.subject or Subject(
        skeleton=skeleton.of_joints(lane.config.networks.joints)
    )
    modules = crossing_net.build(lane.config)
    for part, module in modules.items():
        tensors = unflatten(lane.flat[part], module) | lane.buffers[part]
        module.load_state_dict({n: t.detach().clone() for n, t in tensors.items()})
    return Model(
        name=name,
        config=lane.config,
        skeleton=about.skeleton,
        camera=about.camera,
        hand=about.hand,
        seen=about.seen,
        modules={part: _ready(module) for part, module in modules.items()},
    )


def into_lane(model: Model, lane: Lane) -> None:
    """Give a lane the networks of a model; the lane's optimisers start afresh.

    Raises:
        ValueError: If the networks of the two have different shapes.
    """
    for part, module in model.modules.items():
        flat = _flat(module)
        if flat.shape != lane.flat[part].shape:
            raise ValueError(
                f"`init` must fit the run's networks: its {part} has {flat.numel()} "
                f"parameters, the run's {lane.flat[part].numel()}."
            )
        lane.flat[part] = flat.to(lane.flat[part])
        lane.buffers[part] = {
            name: buffer.detach().clone().to(lane.buffers[part][name])
            for name, buffer in module.named_buffers()
        }
    lane.moments, lane.origin = {}, model.digest()


def _newest(folder: Path) -> Lane:
    """The lane of a run's newest sound checkpoint."""
    found = [path for inside in INSIDE for path in (folder / inside).glob(CHECKPOINTS)]
    found.sort(key=lambda path: path.name, reverse=True)
    for path in found:
        try:
            return state.load_lane(path)
        except state.Damaged:
            continue
    what = "is damaged" if found else "holds no model: no model.json, no checkpoint"
    raise ValueError(f"`model`: {str(folder)!r} {what}.")


def _flat(module: nn.Module) -> Tensor:
    return torch.cat([p.detach().reshape(-1) for p in module.parameters()])


def _ready(module: nn.Module) -> nn.Module:
    return module.eval().requires_grad_(False)
