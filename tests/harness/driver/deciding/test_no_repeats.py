"""No configuration is proposed twice at a ratio, and a space that is used up ends.

What there is to propose is counted by listing it here, not by the package.
"""

import itertools
import random

from hypothesis import given, settings, strategies as st

from cnets import presets
from harness.definition.rungs import Rungs
from harness.definition.trial import TrialRecord
from harness.driver.deciding import study
from harness.driver.deciding.sampler import propose
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.deciding.stopping import StoppingDecider
from harness.driver.recording.recorder import Recorder
from results import Store, queries
from search_spaces import OneOf, Real, Space, Whole


RATIOS = (0.1, 1.0)

CHOICES = {
    "one": OneOf((3,)),
    "two": OneOf((0.5, 2.0)),
    "three": OneOf(("a", "b", "c")),
    "few": Whole(1, 3),
    "log": Whole(2, 4, log=True),
}


def small(names, start) -> Space:
    """A space of some of the choices."""
    parameters = {name: CHOICES[name] for name in names}
    values = {
        name: (p.values if isinstance(p, OneOf) else range(p.low, p.high + 1))
        for name, p in parameters.items()
    }
    picked = {n: list(v)[start % len(list(v))] for n, v in values.items()}
    space = Space(
        "small",
        {**parameters, "labelled_ratio": OneOf(RATIOS)},
        {**picked, "labelled_ratio": 1.0},
    )
    space.__dict__["every"] = set(itertools.product(*values.values()))
    return space


def record(sample, error) -> TrialRecord:
    """The trial of a sample, completed."""
    return TrialRecord(
        trial=sample.trial,
        number=sample.number,
        ratio=sample.ratio,
        values=sample.values,
        state="completed",
        curve=((1, error),),
    )


@given(
    st.sets(st.sampled_from(sorted(CHOICES)), min_size=1, max_size=3),
    st.integers(0, 5),
    st.integers(0, 1000),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_every_configuration_once_and_then_no_more(names, start, seed):
    """As many proposals at each ratio as the product of the choices, none twice."""
    space = small(sorted(names), start)
    draw, records = random.Random(seed), []
    while (
        sample := propose(space, RATIOS, seed, len(records) + 1, records)
    ) is not None:
        space.check(sample.values)
        records.append(record(sample, draw.uniform(10, 30)))
        assert len(records) <= 2 * len(space.every)
    for ratio in RATIOS:
        found = [
            tuple(r.values[n] for n in sorted(names))
            for r in records
            if r.ratio == ratio
        ]
        assert len(found) == len(set(found))
        assert set(found) == space.every


def test_a_draw_that_is_new_stays_as_it_is():
    """Proposals of a space without end are Optuna's own draws, to the last bit."""
    space = Space("line", {"x": Real(0.0, 1.0), "n": Whole(1, 2)}, {"x": 0.5, "n": 1})
    records = []
    for number in range(1, 13):
        sample = propose(space, (1.0,), 3, number, records)
        if sample.origin != "start":
            known = records if sample.origin == "tpe" else []
            drawn = study.ask(space, known, sample.origin, 3, number)
            assert {n: sample.values[n] for n in "xn"} == drawn
        records.append(record(sample, 1 + abs(sample.values["x"] - 0.7)))


def test_a_repeat_of_real_numbers_is_drawn_again():
    """Of an interval of five numbers none comes twice, and then there are no more."""
    step = 2.0**-52
    space = Space("tiny", {"x": Real(1.0, 1.0 + 4 * step)}, {"x": 1.0})
    records = []
    while (sample := propose(space, (1.0,), 0, len(records) + 1, records)) is not None:
        records.append(record(sample, 1.0))
    found = [r.values["x"] for r in records]
    assert len(set(found)) == len(found)
    assert 3 <= len(found) <= 5


SPACE = Space(
    "small_space",
    {
        "losses.kl": OneOf((0.5, 1.0, 2.0)),
        "latent_size": Whole(8, 9),
        "labelled_ratio": OneOf((0.5, 1.0)),
    },
    {"losses.kl": 1.0, "latent_size": 8, "labelled_ratio": 1.0},
)


def opened(store, trials):
    """A policy on the rows of a store, and their writer."""
    writer = store.writer("s")
    policy = SearchPolicy(
        space=SPACE,
        ratios=(0.5, 1.0),
        seed=7,
        base=presets.preset("tiny"),
        decider=StoppingDecider(
            Rungs(grace=1, eta=3, max_step=1), SPACE, (0.5, 1.0), 7, trials
        ),
        objective="mean_joint_error_mm",
        recorder=Recorder(writer, SPACE.name, "test"),
        watch=lambda *_: None,
    )
    policy.restore(
        queries.wide(store, "s").to_pylist(),
        store.rows("trials", "s").to_pylist(),
        store.rows("reports", "s").to_pylist(),
    )
    return policy, writer


def test_a_resumed_search_repeats_nothing_either(make_header, make_report):
    """Stopped after every trial, it proposes the twelve there are and has ended."""
    store = Store.open("memory://", create=True)
    store.create_search(make_header(100))
    for done in range(13):
        policy, writer = opened(store, 100)
        assert policy.total == 12
        assert policy.is_exhausted
        assert policy.finished == (done == 12)
        proposal = policy.propose()
        if proposal is not None:
            error = 10.0 + done
            policy.report(proposal.trial, {"report": make_report(1, error)})
        writer.close()
    assert proposal is None
    rows = queries.wide(store, "s").to_pylist()
    names = ("labelled_ratio", "losses.kl", "latent_size")
    assert {tuple(row[n] for n in names) for row in rows} == set(
        itertools.product((0.5, 1.0), (0.5, 1.0, 2.0), (8, 9))
    )
    assert len(rows) == 12


def test_fewer_trials_than_configurations_are_no_matter(make_header):
    """Twelve configurations and twelve trials: nothing was wanted that is not there."""
    store = Store.open("memory://", create=True)
    store.create_search(make_header(12))
    policy, writer = opened(store, 12)
    assert policy.total == 12
    assert not policy.is_exhausted
    writer.close()
