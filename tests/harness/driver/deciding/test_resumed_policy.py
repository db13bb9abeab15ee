"""Whatever happens, a policy that was killed and resumed decides as one that was not.

The test belongs to any policy: it looks at what is proposed and decided, not at how.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings, strategies as st

from cnets import presets
from harness.definition.rungs import Rungs
from harness.driver.deciding.pausing import PausingDecider
from harness.driver.deciding.proposals import Proposals
from harness.driver.deciding.rules import Decider
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.deciding.stopping import StoppingDecider
from harness.driver.recording.recorder import Recorder
from results import Store, Writer, queries
from search_spaces import Space


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["propose", "report", "report", "report", "retry", "cancel", "kill"]
        ),
        st.integers(0, 99),
        st.sampled_from([1.0, 2.0, 3.0, 5.0, 8.0, 13.0, math.nan]),
    ),
    max_size=40,
)
"""What happens, to which of the open trials, and the error that a report has."""


@dataclass
class Twin:
    """A policy on a store of its own."""

    store: Store
    make: Callable[[Writer], SearchPolicy]
    writer: Writer = field(init=False)
    policy: SearchPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Open the store, as a process does that starts or goes on."""
        self.writer = self.store.writer("s")
        self.policy = self.make(self.writer)
        self.policy.restore(
            queries.wide(self.store, "s").to_pylist(),
            self.store.rows("trials", "s").to_pylist(),
            self.store.rows("reports", "s").to_pylist(),
        )

    def killed(self) -> None:
        """What is stored is kept, all else is gone."""
        self.writer.close()
        self.begin()


def stopping(space: Space) -> Decider:
    """Trials that a rung holds back have ended."""
    rungs = Rungs(grace=1, eta=2, max_step=5)
    return StoppingDecider(rungs, space, (0.5, 1.0), 7, 8)


def pausing(space: Space) -> Decider:
    """They wait, and the budget has an end."""
    rungs = Rungs(grace=1, eta=2, max_step=5, factor=2)
    decider = PausingDecider(rungs, (0.5, 1.0), Proposals(space, (0.5, 1.0), 7))
    decider.budget_epochs = 4 * rungs.max_step
    return decider


LONG = "CROSSNETS_CHAOS" in os.environ

SAME = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@settings(SAME, max_examples=200 if LONG else 60)
@given(ACTIONS)
def test_it_decides_and_proposes_the_same(
    make_header, small_space, make_report, actions
):
    """Every decision and proposal after a kill is that of the policy left alone."""
    played(stopping, make_header, small_space, make_report, actions)


@settings(SAME, max_examples=80 if LONG else 30)
@given(ACTIONS)
def test_it_does_so_where_trials_wait(make_header, small_space, make_report, actions):
    """Pauses and promotions too."""
    played(pausing, make_header, small_space, make_report, actions)


def played(decider, make_header, small_space, make_report, actions) -> None:
    """Two policies live through the same, one of them with kills."""

    def make(writer: Writer) -> SearchPolicy:
        return SearchPolicy(
            space=small_space,
            ratios=(0.5, 1.0),
            seed=7,
            base=presets.preset("tiny"),
            decider=decider(small_space),
            objective="mean_joint_error_mm",
            recorder=Recorder(writer, small_space.name, "test"),
            watch=lambda *_: None,
        )

    twins = []
    for _ in range(2):
        store = Store.open("memory://", create=True)
        store.create_search(make_header(8))
        twins.append(Twin(store, make))
    killed = twins[1]
    reached: dict[str, int] = {}  # of the trials that are open, in order
    errors: dict[tuple[str, int], float] = {}
    for action, which, error in actions:
        names = list(reached)
        name = names[which % len(names)] if names else ""
        if action == "propose":
            proposals = [twin.policy.propose() for twin in twins]
            assert proposals[0] == proposals[1]
            if proposals[0] is not None:
                name = proposals[0].trial
                reached[name] = killed.policy.trials[name].step or 0
        elif action == "kill":
            killed.killed()
            again = [killed.policy.propose().trial for _ in names]
            assert again == names
            for trial in names:
                reached[trial] = which % (reached[trial] + 1)  # its checkpoint
        elif action == "retry" and name:
            for twin in twins:
                twin.policy.retried(name, "Its worker died.")
            reached[name] = which % (reached[name] + 1)
        elif action == "cancel" and name:
            for twin in twins:
                assert twin.policy.cancel(name, "Somebody wished it.")
            del reached[name]
        elif action == "report" and name:
            reached[name] += 1
            step = reached[name]
            error = errors.setdefault((name, step), error)
            told = [
                twin.policy.report(name, {"report": make_report(step, error)})
                for twin in twins
            ]
            assert told[0] == told[1]
            if told[0].action != "continue":
                del reached[name]
    states = [
        {n: (t.state, t.curve) for n, t in twin.policy.trials.items()} for twin in twins
    ]
    for one, other in zip(*(s.items() for s in states), strict=True):
        assert str(one) == str(other)
    for twin in twins:
        twin.writer.close()
