"""What all updates take from a stack, and what they do to its terms.

No loss term is here, and nothing is trained.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from cnets.training.lanes.lane import Net
from cnets.training.lanes.stack import Stack


Modules = Mapping[str, nn.Module]
Nets = Mapping[str, Net]
Batch = Mapping[str, Tensor]
Terms = dict[str, Tensor]

CODE_MEANS = ("posterior", "smoothness_mixed", "smoothness_self")
"""The terms that are means over the numbers of a code."""


def pick(stack: Stack, names: Sequence[str]) -> dict[str, Net]:
    """Some networks of every lane."""
    return {name: stack.nets[name] for name in names}


def copied(stack: Stack, names: Sequence[str]) -> dict[str, Net]:
    """Some networks of every lane, whose running statistics nobody else sees."""
    return {name: stack.nets[name].copied() for name in names}


def fixed(stack: Stack, names: Sequence[str]) -> dict[str, Net]:
    """Some networks of every lane, through which no gradient flows."""
    return {name: stack.nets[name].detached() for name in names}


def detached(terms: Batch) -> dict[str, Tensor]:
    """The same values, through which no gradient flows."""
    return {name: term.detach() for name, term in terms.items()}


def depth_clip(stack: Stack) -> float:
    """Ceiling of the depth reconstruction; lanes of a stack have the same."""
    return stack.lanes[0].config.joint.depth_clip


def smoothness(terms: Terms) -> Terms:
    """The two smoothness terms under the name of their common weight."""
    return {"smoothness": terms["smoothness_mixed"] + terms["smoothness_self"]}


def over_own_codes(stack: Stack, terms: Terms) -> Terms:
    """The terms with means over each lane's own code, not over a wider one."""
    spread = stack.spread
    if spread is None:
        return terms
    return {n: t * spread if n in CODE_MEANS else t for n, t in terms.items()}
