"""Which lanes run as one stack, and their networks and draws in one shape.

A stack of no fixed width holds what comes, and its rows have the lanes' own shape.
One of a fixed width above 1 always has as many rows, filled up with padding
lanes, and room for a code that no neighbour decides: every array has the same shape
whatever the neighbours are, so sums are rounded alike. Training is not here (`bank`).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cnets import geometry
from cnets.config import TrainConfig
from cnets.networks import padding
from cnets.networks.padding import Layout
from cnets.training import schedule
from cnets.training.batches import augmentation, draws, inputs
from cnets.training.batches.frames import Frames
from cnets.training.lanes.lane import Lane
from cnets.training.lanes.stack import Stack


class Stacking:
    """The rules of one bank, and the networks that it has met."""

    def __init__(
        self, build: Callable[[TrainConfig], dict[str, nn.Module]], width: int | None
    ) -> None:
        """Nothing is built yet.

        Args:
            build: Makes the networks of a configuration.
            width: Rows of every stack; None is one a lane.

        Raises:
            ValueError: If `width` is not 1 or more.
        """
        if width is not None and not width >= 1:
            raise ValueError(f"`width` must be 1 or more, or None, got {width}.")
        self._build, self._width = build, width
        self._plain = width is None or width == 1
        self._modules: dict[tuple, dict[str, nn.Module]] = {}
        self._layouts: dict[tuple, dict[str, Layout]] = {}

    def modules(self, config: TrainConfig) -> dict[str, nn.Module]:
        """The networks of one shape; they give structure, never weights."""
        key = (config.networks, config.latent_size)
        if key not in self._modules:
            with torch.device("meta"):
                self._modules[key] = self._build(config)
        return self._modules[key]

    def groups(self, lanes: Sequence[Lane]) -> list[list[int]]:
        """Positions of the lanes that run together, in their order."""
        alike: dict[tuple, list[int]] = {}
        for index, lane in enumerate(lanes):
            alike.setdefault(self._shape(lane), []).append(index)
        most = self._width or max(1, len(lanes))
        return [
            members[start : start + most]
            for members in alike.values()
            for start in range(0, len(members), most)
        ]

    def stack(self, lanes: Sequence[Lane]) -> Stack:
        """Lanes that `groups` put together, side by side."""
        room, config = self._room(lanes[0]), lanes[0].config
        every = self.modules(config.replace({"latent_size": room}))
        names = schedule.networks_of(config, lanes[0].stage)
        modules = {name: every[name] for name in names}
        if self._plain:
            return Stack(lanes, modules)
        origin = geometry.ORIGIN_SIZE
        return Stack(
            lanes,
            modules,
            rows=self._width,
            layouts=[self._layout(lane.config, room) for lane in lanes],
            spread=[(room + origin) / (k.config.latent_size + origin) for k in lanes],
        )

    def draws(self, stack: Stack, frames: Frames) -> dict[str, Tensor]:
        """What every row draws in its epoch, [rows, updates, ...], on the device."""
        every = []
        for lane in stack.lanes[: stack.own]:
            drawn = draws.of_epoch(frames, lane.config, lane.stage, lane.epoch)
            for name in ("noise", "code"):
                if name in drawn:
                    size, room = lane.config.latent_size, self._room(lane)
                    drawn[name] = padding.widened(drawn[name], size, room)
            every.append(drawn)
        every += every[:1] * (len(stack.lanes) - stack.own)
        stacked = {n: torch.stack([drawn[n] for drawn in every]) for n in every[0]}
        return inputs.to_device(frames, stacked)

    def _room(self, lane: Lane) -> int:
        size = lane.config.latent_size
        return size if self._plain else padding.room(size, geometry.ORIGIN_SIZE)

    def _layout(self, config: TrainConfig, room: int) -> dict[str, Layout]:
        key, size = (config.networks, config.latent_size), config.latent_size
        if key not in self._layouts:
            own = self.modules(config)
            wide = self.modules(config.replace({"latent_size": room}))
            self._layouts[key] = {n: Layout(own[n], wide[n], size, room) for n in own}
        return self._layouts[key]

    def _shape(self, lane: Lane) -> tuple:
        """What lanes must have in common to be stacked."""
        config, settings = lane.config, schedule.stage_settings(lane.config, lane.stage)
        sizes = (settings.batch_size, settings.steps)
        joint = (config.joint.mixed_codes, config.joint.depth_clip)
        shape = (lane.stage, config.networks, self._room(lane))
        fed = (
            augmentation.is_on(config, lane.stage),
            schedule.reads_copies(config, lane.stage),
            schedule.is_supervised(config),
        )
        return (*shape, *sizes, *joint, *fed, config.losses.balance > 0)
