"""Lanes of one stage and one shape, stacked to run at once.

`torch.func.vmap` runs a function that was written for a single trial on all rows;
one row alone skips the transform. Nothing here knows a loss or a data set.

The rows of a stack decide how its sums are rounded, so a stack may have more rows
than lanes. Padding lanes copy the first lane; their results are discarded.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.utils import _pytree as pytree

from cnets.networks.padding import Layout
from cnets.training.lanes import optimiser
from cnets.training.lanes.lane import Lane, Net, unflatten
from cnets.training.lanes.optimiser import Moments


class Stack:
    """Lanes of one stage and one shape, stacked for the length of an epoch."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        modules: Mapping[str, nn.Module],
        *,
        rows: int | None = None,
        layouts: Sequence[Mapping[str, Layout]] = (),
        spread: Sequence[float] = (),
    ) -> None:
        """Copy the networks `modules` of every lane, side by side.

        Args:
            lanes: One at least.
            modules: The networks, in the shape that they run in.
            rows: Rows of the stack, at least the lanes; None is one a lane.
            layouts: Where each lane's numbers lie in these networks; none if
                they have its own shape.
            spread: How many times larger a code is here than in each lane.
        """
        self.own = len(lanes)
        """Rows that are lanes; the others are padding lanes."""
        padding = (rows or self.own) - self.own
        self.lanes = [*lanes, *[lanes[0]] * padding]
        self.modules = modules
        self._layouts = [*layouts, *list(layouts[:1]) * padding]
        self.flat = {
            n: torch.stack(
                [self._wide(k, n, lane.flat[n]) for k, lane in enumerate(self.lanes)]
            )
            for n in modules
        }
        self.nets = {n: self._net(n) for n in modules}
        self.moments: dict[str, dict[str, Moments]] = {}
        self._averages: dict[str, Tensor] = {}
        self._numbers: dict[str, Tensor] = {}
        flat = next(iter(self.flat.values()))
        self.spread: Tensor | None = None
        """What a mean over a code has to be multiplied by, if by anything."""
        if spread:
            factors = [*spread, *list(spread[:1]) * padding]
            self.spread = flat.new_tensor(factors)

    def _wide(self, row: int, name: str, flat: Tensor) -> Tensor:
        return self._layouts[row][name].widen(flat) if self._layouts else flat

    def _net(self, name: str) -> Net:
        views = unflatten(self.flat[name], self.modules[name])
        params = {n: v.detach().requires_grad_() for n, v in views.items()}
        every = [lane.buffers[name] for lane in self.lanes]
        if self._layouts:
            pairs = zip(self._layouts, every, strict=True)
            every = [layout[name].widen_buffers(own) for layout, own in pairs]
        buffers = {n: torch.stack([b[n] for b in every]) for n in every[0]}
        return Net(params, buffers)

    def numbers(self, field_name: str) -> Tensor:
        """One number of every lane's configuration, as a vector of lanes."""
        if field_name not in self._numbers:
            values = [float(lane.config.flat()[field_name]) for lane in self.lanes]
            like = next(iter(self.flat.values()))
            self._numbers[field_name] = like.new_tensor(values)
        return self._numbers[field_name]

    def map(self, function: Callable[..., Any], *inputs: Any) -> Any:
        """`function` on every lane's part of the inputs.

        Args:
            function: Written for one lane; takes and returns tensors in
                tuples and dicts.
            inputs: The same, with an axis of lanes in front of every tensor.
        """
        if len(self.lanes) > 1:
            return vmap(function)(*inputs)
        alone = pytree.tree_map_only(Tensor, lambda t: t[0], inputs)
        outputs = function(*alone)
        return pytree.tree_map_only(Tensor, lambda t: t.unsqueeze(0), outputs)

    def weighted(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The lanes' objectives: each term times its weight in that lane.

        Args:
            terms: Loss terms by the name of their weight, one value a lane.
        """
        parts = [self.numbers(f"losses.{name}") * term for name, term in terms.items()]
        return torch.stack(parts).sum(0)

    def descend(
        self,
        update: str,
        names: Sequence[str],
        objectives: Tensor,
        learning_rate: Tensor,
    ) -> None:
        """One Adam update of some networks in every lane.

        Lanes share no parameter, so the gradient of the objectives' sum is
        every lane's own.

        Args:
            update: Which of a stage's optimisers.
            names: The networks that may change.
            objectives: What each lane minimises.
            learning_rate: Step size of every lane.
        """
        self.step(update, self.gradients(names, objectives), learning_rate)

    def gradients(
        self, names: Sequence[str], objectives: Tensor, *, keep_graph: bool = False
    ) -> dict[str, Tensor]:
        """Gradients of the lanes' objectives by network, [lanes, parameters].

        Args:
            names: Networks that every objective depends on.
            objectives: One value a lane.
            keep_graph: Whether another gradient of the same terms will be asked for.
        """
        every = [p for name in names for p in self.nets[name].params.values()]
        parts = torch.autograd.grad(objectives.sum(), every, retain_graph=keep_graph)
        found, rest = {}, iter(parts)
        for name in names:
            own = [next(rest).flatten(1) for _ in self.nets[name].params]
            found[name] = torch.cat(own, 1)
        return found

    def step(
        self, update: str, gradients: Mapping[str, Tensor], learning_rate: Tensor
    ) -> None:
        """Adam with gradients [lanes, parameters] that are known, by network."""
        kept = self.moments.setdefault(update, {})
        for name, gradient in gradients.items():
            if name not in kept:
                kept[name] = self._moments(update, name)
            optimiser.step(self.flat[name], gradient, kept[name], learning_rate)

    def _moments(self, update: str, name: str) -> Moments:
        every = []
        for row, lane in enumerate(self.lanes):
            kept = lane.moments.get(update, {}).get(name)
            kept = kept or optimiser.fresh(lane.flat[name])
            every.append((row, kept))
        return Moments(
            torch.stack([self._wide(k, name, m.first) for k, m in every]),
            torch.stack([self._wide(k, name, m.second) for k, m in every]),
            torch.stack([m.count for _, m in every]),
        )

    def average(self, name: str) -> Tensor:
        """The moving average of a network's parameters, [lanes, parameters].

        Whoever asks for it moves it; at first it is the network itself.
        """
        if name not in self._averages:
            every = [lane.averages.get(name, lane.flat[name]) for lane in self.lanes]
            self._averages[name] = torch.stack(
                [self._wide(row, name, flat) for row, flat in enumerate(every)]
            )
        return self._averages[name]

    def unstack(self) -> None:
        """Give every lane its part back, in its own shape."""
        for row, lane in enumerate(self.lanes[: self.own]):
            for name in self.modules:
                lane.flat[name] = self._own(row, name, self.flat[name][row])
                every = self.nets[name].buffers
                buffers = {n: b[row].clone() for n, b in every.items()}
                if self._layouts:
                    buffers = self._layouts[row][name].narrow_buffers(buffers)
                lane.buffers[name] = buffers
            lane.averages = {
                name: self._own(row, name, flat[row])
                for name, flat in self._averages.items()
            }
            lane.moments = {
                update: {
                    name: Moments(
                        self._own(row, name, m.first[row]),
                        self._own(row, name, m.second[row]),
                        m.count[row].clone(),
                    )
                    for name, m in by_name.items()
                }
                for update, by_name in self.moments.items()
            }

    def _own(self, row: int, name: str, wide: Tensor) -> Tensor:
        return self._layouts[row][name].narrow(wide) if self._layouts else wide.clone()
