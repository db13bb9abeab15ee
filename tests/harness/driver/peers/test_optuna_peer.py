"""Optuna's studies are asked and told as its users do."""

import dataclasses
import math

from optuna.trial import TrialState

from harness.driver.peers import optuna_peer
from harness.driver.peers.optuna_peer import OptunaPeer
from search_spaces import Real, Space


SPACE = Space("s", {"x": Real(0.0, 1.0)}, {"x": 0.5})


def made(max_step=4, pruner=None, scheduler=None):
    """A peer with random proposals."""
    return OptunaPeer(
        SPACE,
        (1.0,),
        max_step,
        sampler=lambda: optuna_peer.random(0),
        pruner=pruner,
        scheduler=scheduler,
    )


def train(peer, values, at=None):
    """A new trial, perhaps elsewhere than asked; its last decision."""
    sample = peer.next()
    if at is not None:
        sample = dataclasses.replace(sample, values={**sample.values, "x": at})
    peer.proposed(sample)
    for step, value in enumerate(values, start=1):
        peer.reported(sample.trial, step, value)
        decision = peer.verdict(sample.trial)
        if decision.action == "stop":
            peer.became(sample.trial, decision.state)
            break
    return decision


def told(peer):
    """What the study knows, but for what was asked and not run."""
    return [
        (t.state, t.value, t.params["x"])
        for t in peer._studies[1.0].trials
        if t.intermediate_values
    ]


def test_what_stands_in_is_told():
    """Its place, state and value."""
    peer = made()
    assert train(peer, [4.0, 3.0, 2.0, 1.0], at=0.125).state == "completed"
    assert train(peer, [math.nan], at=0.25).state == "diverged"
    assert told(peer) == [
        (TrialState.COMPLETE, 1.0, 0.125),
        (TrialState.FAIL, None, 0.25),
    ]
    assert peer.total == 2


def test_a_pruner_ends_trials():
    """Those behind the first; the study knows them as pruned."""
    peer = made(pruner=lambda: optuna_peer.halving(1, 4))
    ends = [train(peer, [value] * 4).state for value in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert "stopped" in ends
    states = [state for state, _, _ in told(peer)]
    assert [s == TrialState.PRUNED for s in states] == [e == "stopped" for e in ends]


def test_under_rays_scheduler_ends_count_as_complete():
    """With the value at which they were stopped; NaN is told as a failure."""
    peer = made(scheduler=lambda: lambda _trial, _step, value: not value > 2)
    assert train(peer, [1.0, 3.0]).state == "stopped"
    assert train(peer, [1.0, math.nan, math.nan, math.nan]).state == "completed"
    assert [row[:2] for row in told(peer)] == [
        (TrialState.COMPLETE, 3.0),
        (TrialState.FAIL, None),
    ]


def test_asking_twice_is_asking_once():
    """Until what was asked is run."""
    peer = made(pruner=lambda: optuna_peer.hyperband(1, 4, 2))
    assert peer.next() == peer.next()
    train(peer, [1.0])
    assert peer.next().number == 2
    assert not peer.is_exhausted


def test_samplers_are_optunas():
    """By their names."""
    assert type(optuna_peer.tpe(0)).__name__ == "TPESampler"
    assert type(optuna_peer.random(0)).__name__ == "RandomSampler"
