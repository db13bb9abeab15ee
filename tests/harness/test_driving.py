"""What drives a search; searches through Ray are in `test_search.py`."""

import pytest

from crossnets import SearchOptions
from harness import driving
from harness.driver.display.screen import Screen
from harness.prepare import header_of, prepare
from harness.worker.train_runner import TrainRunner
from results import Store


def test_a_store_that_is_no_folder_is_refused(tmp_path):
    """Workers write checkpoints under it; the sentence says where it is."""
    options = SearchOptions(data="synthetic:40", preset="tiny", ratios="1.0", trials=1)
    prepared = prepare("s", options, tmp_path / "cache")
    store = Store.open("memory://", create=True)
    store.create_search(header_of(prepared))
    writer, screen = store.writer("s"), Screen("s")
    try:
        with pytest.raises(ValueError, match=r"`store` must be a folder .* memory:"):
            driving.drive(prepared, store, writer, 1, "cpu", TrainRunner, screen)
    finally:
        writer.close()
