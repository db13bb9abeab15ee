"""Which nodes of a cluster take part in a search, and which are left out.

A node is left out for good if its code, its data or its store are not the driver's,
or if two different trials in a row have failed on it of the same cause. A trial that
has failed somewhere is tried elsewhere. The last node is never left out, and on a
cluster of one node nothing is done here at all.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import ray
from ray import tune
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from harness.definition.job import Plan
from harness.diagnosis import logs
from harness.worker import admission, process_bank


LABEL = "ray.io/node-id"
"""Label by which Ray knows a node."""

SURVEY_S = 120.0
"""How long the nodes may take to say whether they fit; a later worker says it too."""

NOTE = re.compile(r"^On node (\w+)\.$", re.M)
"""What a worker adds to its exception, so that the driver knows where it was."""


def note() -> str:
    """The note of this worker, for its exceptions."""
    return f"On node {ray.get_runtime_context().get_node_id()}."


class Nodes:
    """The nodes of the cluster that is connected."""

    def __init__(self) -> None:
        """Every node takes part."""
        self.told: list[str] = []
        """What there is to tell that nobody has heard yet."""
        self.say: Callable[[str], None] = self.told.append
        """Shows one line to whoever watches the search."""
        self._out: set[str] = set()
        self._strikes: dict[str, tuple[str, str]] = {}  # node -> trial and cause
        self._failed: dict[str, set[str]] = {}  # trial -> nodes

    def survey(self, plan: Plan) -> None:
        """Ask every node whether it fits, and leave out those that do not.

        Raises:
            ValueError: If none fits.
        """
        known = _alive()
        if len(known) < 2:
            return
        asked = {
            node: _fits.options(  # pyright: ignore[reportFunctionMemberAccess]
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
            ).remote(plan)
            for node in known
        }
        ray.wait(list(asked.values()), num_returns=len(asked), timeout=SURVEY_S)
        amiss = {node: why for node in known if (why := _answer(asked[node]))}
        if len(amiss) == len(known):
            first = next(iter(amiss.values()))
            raise ValueError(f"`address` must have a node that fits; {first}")
        for node, why in amiss.items():
            self._leave_out(node, why)

    def request(self, trial: str, resources: Mapping[str, float]) -> Any:
        """What a trial occupies and where, for Tune; None where any node will do."""
        known = _alive()
        avoided = self._out | self._failed.get(trial, set())
        if not known.keys() - avoided:
            avoided = self._out
        if not (avoided := avoided & known.keys()):
            return None
        bundle = {name.upper(): amount for name, amount in resources.items()}
        return tune.PlacementGroupFactory(
            [bundle], bundle_label_selector=[selector(avoided)]
        )

    def selector(self) -> dict[str, str] | None:
        """Where an actor may be, for Ray; None where any node will do."""
        return selector(self._out) if self._out else None

    def well(self, node_ip: str) -> None:
        """A trial has reported from there."""
        for node, found in _alive().items() if self._strikes else ():
            if found["NodeManagerAddress"] == node_ip:
                self._strikes.pop(node, None)

    def failed(self, trial: str, text: str, message: str) -> str:
        """Note where a trial has failed.

        Args:
            trial: Its name.
            text: Everything that is known of the failure.
            message: One sentence about it.

        Returns:
            The sentence, with the node where there are several.
        """
        known = _alive()
        node = _place(text, known)
        if node is None or len(known) < 2:
            return message
        cause = re.sub(r"\d+", "#", message)
        before = self._strikes.get(node)
        self._strikes[node] = trial, cause
        self._failed.setdefault(trial, set()).add(node)
        if admission.UNFIT in message:
            self._leave_out(node, message)
        elif before is not None and before[0] != trial and before[1] == cause:
            self._leave_out(node, f"two trials in a row failed there: {message}")
        else:
            self._forgive(trial, cause, node)
        return f"{message.removesuffix('.')} (on {_name(known[node])})."

    def _forgive(self, trial: str, cause: str, node: str) -> None:
        """A trial that fails alike on two nodes is to blame itself."""
        others = [n for n, s in self._strikes.items() if s == (trial, cause)]
        if others != [node]:
            for other in others:
                del self._strikes[other]

    def _leave_out(self, node: str, why: str) -> None:
        """Give a node no more trials, unless it is the last one."""
        known = _alive()
        if node in self._out or not known.keys() - self._out - {node}:
            return
        self._out.add(node)
        name = _name(known[node]) if node in known else node
        logs.LOGGER.warning("Node %s gets no more trials: %s", name, why)
        self.say(f"Node {name} gets no more trials: {why}")


def selector(avoided: set[str]) -> dict[str, str]:
    """Ray's words for any node but these."""
    return {LABEL: f"!in({','.join(sorted(avoided))})"}


@ray.remote(num_cpus=0, max_retries=0)
def _fits(plan: Plan) -> str | None:
    """On a node: why it cannot take part; None if it can."""
    try:
        admission.check(plan.expected)
        admission.check_data(process_bank.bank(plan.data, "cpu").data, plan.expected)
    except (admission.Unfit, ValueError, OSError) as error:
        return str(error)
    return None


def _answer(asked: Any) -> str | None:
    """What a node has said; nothing if it has not answered in time."""
    try:
        return ray.get(asked, timeout=0)
    except GetTimeoutError:
        return None
    except RayError as error:
        lines = [line for line in str(error).strip().split("\n") if line.strip()]
        return f"its crossnets cannot be loaded: {lines[-1].strip()}"


def _alive() -> dict[str, dict[str, Any]]:
    """The nodes that there are, by their ids."""
    return {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}


def _place(text: str, known: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The node that a failure names: by our note, or by Ray's address of a worker."""
    if found := NOTE.search(text):
        return found[1] if found[1] in known else None
    named = re.search(r"\bip: (\S+)", text) or re.search(r"ip=([\d.:a-f]+)", text)
    there = [
        n for n, f in known.items() if named and f["NodeManagerAddress"] == named[1]
    ]
    return there[0] if len(there) == 1 else None


def _name(node: Mapping[str, Any]) -> str:
    """A node for people: its address, and its host's name where that differs."""
    address, host = node["NodeManagerAddress"], node["NodeManagerHostname"]
    return address if address == host else f"{address} ({host})"
