import pytest

from results import StorageError, Store
from results.writing import trial_counts
from results.writing.trial_counts import Count


@pytest.fixture(params=["folder", "memory"])
def storage(request, tmp_path):
    """An empty store, on a disk and as an object store."""
    where = tmp_path / "store" if request.param == "folder" else "memory://"
    return Store.open(where, create=True).storage


class TestTrialCounts:
    def test_the_header_holds_until_something_else_is_wished(self, storage):
        """Then the last wish holds."""
        assert trial_counts.newest(storage, "s", 8) == Count(trials=8, typed=8)
        for trials in (12, 5):
            count = Count(trials=trials, typed=8)
            trial_counts.add(storage, "s", count)
            assert trial_counts.newest(storage, "s", 8) == count

    def test_a_damaged_count_is_named(self, storage):
        """Never taken for another number."""
        storage.create("drivers/s/trials-0000001.json", b"{}")
        with pytest.raises(StorageError, match=r"trials-0000001.json` is damaged"):
            trial_counts.newest(storage, "s", 8)
