"""The probe for the number of lanes, on banks of known behaviour."""

import time

import pytest
import torch

from cnets import presets
from cnets.data.opening import open_data
from cnets.training.bank import Bank
from harness.worker.banks import lane_probe


class Timed(Bank):
    """A bank whose updates take as long as is said, and train nothing."""

    def __init__(self, data, seconds, most: int = 99) -> None:
        """Take `seconds(lanes)` an update, and have memory for `most` lanes."""
        super().__init__(data)
        self.seconds, self.most = seconds, most

    def advance(self, lanes, beat=None):
        """Sleep as long as the epoch would take, or lack memory."""
        del beat
        if len(lanes) > self.most:
            raise torch.OutOfMemoryError("Tried to allocate 9 GiB.")
        time.sleep(self.seconds(len(lanes)) * lanes[0].config.joint.steps)
        return []


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A few embedded frames."""
    return open_data("synthetic:40", side_px=32, cache=tmp_path_factory.mktemp("cache"))


RUN = presets.preset("tiny").replace({"networks.joints": 21})


def test_lanes_are_doubled_until_the_device_is_full(data):
    """Up to four cost as much as one; beyond, each costs its share: four it is."""
    bank = Timed(data, lambda lanes: 0.01 * max(1, lanes / 4))
    found, sentence = lane_probe.probe(bank, RUN)
    assert found == 4
    assert sentence.startswith("4 lanes a bank (updates/s by lanes: 1: ")
    assert "; 8 lanes: " in sentence


def test_lanes_end_where_memory_does(data):
    """Two fit, and the sentence says why there are no more."""
    bank = Timed(data, lambda lanes: 0.01 / lanes, most=2)
    found, sentence = lane_probe.probe(bank, RUN)
    assert found == 2
    assert "4 lanes: out of memory: Tried to allocate 9 GiB" in sentence


def test_one_lane_that_does_not_fit_is_an_error(data):
    """There is nothing to fall back on."""
    with pytest.raises(torch.OutOfMemoryError):
        lane_probe.probe(Timed(data, lambda lanes: 0.01 / lanes, most=0), RUN)


def test_a_real_bank_is_measured(data):
    """Updates a second of two lanes are above none, and no lane is left behind."""
    assert lane_probe.updates_per_s(Bank(data), RUN, 2) > 0
