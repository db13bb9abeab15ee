"""Peers that halve: random trials that stop, or wait and are promoted."""

import math

import pytest

from harness.definition.rungs import Rungs
from harness.driver.deciding.rules import Promotion
from harness.replay.halving import RandomPeer
from search_spaces import Real, Space


SPACE = Space("s", {"x": Real(0.0, 1.0)}, {"x": 0.5})


def train(peer, values):
    """A new trial that reports values, until it is held back."""
    sample = peer.next()
    while isinstance(sample, Promotion):
        peer.became(sample.trial, "running")
        sample = peer.next()
    peer.proposed(sample)
    for step, value in enumerate(values, start=1):
        peer.reported(sample.trial, step, value)
        decision = peer.verdict(sample.trial)
        if decision.action != "continue":
            peer.became(sample.trial, decision.state)
            break
    return sample.trial, decision


def test_promotion_by_hand():
    """Of four that wait the best goes on, and is compared with nobody yet there."""
    peer = RandomPeer(SPACE, (1.0,), 0, Rungs(1, 4, 16), stops=None)
    trials = [train(peer, [value])[0] for value in (4.0, 2.0, 3.0, 5.0)]
    chosen = peer.next()
    assert isinstance(chosen, Promotion)
    assert chosen.trial == trials[1]
    peer.became(chosen.trial, "running")
    assert not isinstance(peer.next(), Promotion)


def test_what_stops_is_asked():
    """Of every finite value; what is not finite ends anyway."""
    asked = []

    def goes_on(trial, step, value):
        asked.append((trial, step, value))
        return value < 3

    peer = RandomPeer(SPACE, (1.0,), 0, Rungs(1, 4, 3), stops=lambda: goes_on)
    ends = [train(peer, v)[1] for v in ([1, 3], [1, math.nan], [1, 2, 2])]
    assert [end.state for end in ends] == ["stopped", "diverged", "completed"]
    assert [value for _, _, value in asked] == [1, 3, 1, 1, 2, 2]


@pytest.mark.parametrize("seed", [0, 1])
def test_proposals_are_random_and_ratios_take_turns(seed):
    """The same with the same seed."""
    peers = [
        RandomPeer(SPACE, (0.5, 1.0), seed, Rungs(1, 4, 3), stops=None)
        for _ in range(2)
    ]
    samples = [[], []]
    for found, peer in zip(samples, peers, strict=True):
        for _ in range(4):
            found.append(peer.next())
            peer.proposed(found[-1])
    assert samples[0] == samples[1]
    assert [sample.ratio for sample in samples[0]] == [0.5, 1.0] * 2
    assert peers[0].total == 4
    assert not peers[0].is_exhausted
