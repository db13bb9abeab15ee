"""Which nodes are left out, by hand; tests/test_nodes.py has real ones."""

import pytest

from harness.cluster import nodes
from harness.cluster.nodes import Nodes
from harness.worker import admission


def node(number: int) -> dict:
    """A node as Ray describes it."""
    name = f"10.0.0.{number}"
    return {
        "NodeID": f"id{number}",
        "NodeManagerAddress": name,
        "NodeManagerHostname": name,
    }


@pytest.fixture
def three(monkeypatch):
    """Three nodes that are alive."""
    alive = {f"id{number}": node(number) for number in (1, 2, 3)}
    monkeypatch.setattr(nodes, "_alive", lambda: alive)
    return alive


def fail(made: Nodes, trial: str, number: int, message: str = "Boom 17.") -> str:
    """A trial fails on a node."""
    return made.failed(trial, f"{message}\nOn node id{number}.", message)


def avoided(made: Nodes, trial: str) -> set[str]:
    """Nodes that a trial is kept from."""
    wanted = made.request(trial, {"cpu": 1})
    if wanted is None:
        return set()
    (labels,) = wanted._bound.kwargs["bundle_label_selector"]
    return set(labels[nodes.LABEL].removeprefix("!in(").removesuffix(")").split(","))


@pytest.mark.usefixtures("three")
class TestFailures:
    def test_a_retry_goes_elsewhere(self):
        """The trial is kept from the node that it failed on, others are not."""
        made = Nodes()
        assert fail(made, "t-1", 3) == "Boom 17 (on 10.0.0.3)."
        assert avoided(made, "t-1") == {"id3"}
        assert avoided(made, "t-2") == set()
        assert made.told == []

    def test_two_trials_of_one_cause_leave_it_out(self):
        """Numbers in the message do not make it another cause; said once."""
        made = Nodes()
        fail(made, "t-1", 3, "Boom 17.")
        fail(made, "t-2", 3, "Boom 18.")
        fail(made, "t-3", 3, "Boom 19.")
        assert avoided(made, "t-4") == {"id3"}
        assert made.selector() == {nodes.LABEL: "!in(id3)"}
        (line,) = made.told
        assert line.startswith("Node 10.0.0.3 gets no more trials: two trials in a row")

    def test_another_cause_does_not(self):
        """Two failures of different causes are no sign of a bad node."""
        made = Nodes()
        fail(made, "t-1", 3, "Boom.")
        fail(made, "t-2", 3, "Out of memory.")
        assert avoided(made, "t-4") == set()

    def test_a_report_in_between_does_not(self):
        """The node has trained meanwhile."""
        made = Nodes()
        fail(made, "t-1", 3)
        made.well("10.0.0.3")
        fail(made, "t-2", 3)
        assert avoided(made, "t-4") == set()

    def test_a_trial_that_fails_everywhere_is_to_blame(self):
        """Where it failed alike on a second node, neither has a strike."""
        made = Nodes()
        fail(made, "t-1", 3)
        fail(made, "t-1", 2)
        fail(made, "t-2", 3)
        assert avoided(made, "t-4") == set()
        assert avoided(made, "t-1") == {"id2", "id3"}

    def test_a_trial_that_failed_everywhere_may_go_anywhere(self):
        """There must be a node for it."""
        made = Nodes()
        for number in (1, 2, 3):
            fail(made, "t-1", number)
        assert avoided(made, "t-1") == set()

    def test_one_that_does_not_fit_is_left_out_at_once(self):
        """It says so itself."""
        made = Nodes()
        fail(made, "t-1", 2, f"Unfit: {admission.UNFIT} (h): other code.")
        assert avoided(made, "t-2") == {"id2"}

    def test_the_last_one_is_never_left_out(self):
        """Trials must be somewhere."""
        made = Nodes()
        for number in (1, 2, 3):
            for trial in ("t-1", "t-2"):
                fail(made, f"{trial}{number}", number)
        assert avoided(made, "t-9") == {"id1", "id2"}

    def test_by_the_address_of_a_worker_that_died(self):
        """Ray names it where no exception of ours can."""
        made = Nodes()
        text = "The actor died unexpectedly.\n\tip: 10.0.0.2\nThe actor is dead."
        assert made.failed("t-1", text, "It died.") == "It died (on 10.0.0.2)."

    def test_one_node_alone(self, monkeypatch):
        """There is no other; the message stays as it was."""
        monkeypatch.setattr(nodes, "_alive", lambda: {"id1": node(1)})
        made = Nodes()
        for trial in ("t-1", "t-2"):
            assert fail(made, trial, 1) == "Boom 17."
        assert avoided(made, "t-3") == set()
        assert made.told == []
