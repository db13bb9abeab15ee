"""A search that is looked at again decides the same, and a changed row is found."""

import numpy as np
import pytest

from cnets import presets
from harness.definition.rungs import Rungs
from harness.driver.deciding import audit, deciders
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.recording.recorder import Recorder
from results import Store


RATIOS = (0.5, 1.0)


@pytest.fixture
def decider(small_space):
    """Makes the decider of the search."""

    def make():
        return deciders.make(
            "pause",
            "model",
            rungs=Rungs(grace=1, eta=3, max_step=9, factor=2),
            space=small_space,
            ratios=RATIOS,
            seed=7,
            trials=8,
        )

    return make


@pytest.fixture
def searched(make_header, small_space, make_report, decider):
    """Samples, events and reports of a search with two places."""
    store = Store.open("memory://", create=True)
    store.create_search(make_header(8))
    random, running = np.random.default_rng(1), []
    with store.writer("s") as writer:
        policy = SearchPolicy(
            space=small_space,
            ratios=RATIOS,
            seed=7,
            base=presets.preset("tiny"),
            decider=decider(),
            objective="mean_joint_error_mm",
            recorder=Recorder(writer, small_space.name, "test"),
            watch=lambda *_: None,
        )
        while True:
            while len(running) < 2 and (proposal := policy.propose()) is not None:
                running.append(proposal.trial)
            if not running:
                break
            name = running[random.integers(len(running))]
            step = (policy.trials[name].step or 0) + 1
            told = {"report": make_report(step, 20 + random.random() + 5 / step)}
            if policy.report(name, told).action != "continue":
                running.remove(name)
        writer.flush()
        samples = {name: t.proposal for name, t in policy.trials.items()}
        rows = [store.rows(t, "s").to_pylist() for t in ("trials", "reports")]
    return samples, *rows


def test_nothing_differs(searched, decider):
    """Proposals, pauses, promotions and ends are the same again."""
    events = {row["event"] for row in searched[1]}
    assert events >= {"proposed", "paused", "promoted", "ended"}
    assert audit.contradiction(decider(), *searched) is None


@pytest.mark.parametrize("event", ["proposed", "paused", "promoted"])
def test_a_changed_row_is_found(searched, decider, event):
    """Whatever it says of a trial: another value, state or trial."""
    samples, events, reports = searched
    place = [row["event"] for row in events].index(event, 4)
    row = events[place]
    if event == "proposed":
        other = samples[row["trial"]]
        first = samples["t-00001"]
        samples = samples | {
            row["trial"]: type(other)(**{**vars(other), "values": first.values})
        }
    elif event == "paused":
        events = [*events[:place], row | {"state": "stopped"}, *events[place + 1 :]]
    else:
        paused = [r["trial"] for r in events[:place] if r["event"] == "paused"]
        wrong = next(name for name in paused if name != row["trial"])
        events = [*events[:place], row | {"trial": wrong}, *events[place + 1 :]]
    assert audit.contradiction(decider(), samples, events, reports) is not None
