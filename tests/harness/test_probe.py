import pytest

from cnets.training.bank import Bank
from crossnets import SearchOptions
from harness import probe
from harness.prepare import Prepared, prepare


SHORT = (
    "networks.channels=2",
    "vae.epochs=2",
    "vae.steps=3",
    "gan.epochs=2",
    "gan.steps=2",
    "gan.batch_size=8",
    "joint.epochs=3",
    "joint.steps=2",
    "joint.batch_size=8",
)


@pytest.fixture
def prepared(tmp_path) -> Prepared:
    """A search on forty embedded frames, checked."""
    options = SearchOptions(data="synthetic:40", preset="tiny", ratios="1.0", set=SHORT)
    return prepare("s", options, tmp_path / "cache")


def test_a_probe_is_near_what_an_epoch_takes(prepared):
    """Within a factor of five of a whole epoch of the joint stage, and above 0."""
    speed = probe.measure(prepared.data, prepared.base, "cpu")
    assert min(speed.update_s.values()) > 0
    assert speed.frame_s > 0
    bank = Bank(prepared.data)
    lane = bank.lane(prepared.base.replace({"joint.steps": 20}))
    lane.stage = "joint"
    (report,) = bank.advance([lane])
    assert 0.2 < report.seconds / 20 / speed.update_s["joint"] < 5
