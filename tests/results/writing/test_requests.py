import pytest

from results import Store
from results.writing import requests, trial_counts
from results.writing.trial_counts import Count


@pytest.fixture(params=["folder", "memory"])
def storage(request, tmp_path):
    """An empty store, on a disk and as an object store."""
    where = tmp_path / "store" if request.param == "folder" else "memory://"
    return Store.open(where, create=True).storage


class TestRequests:
    def test_a_wish_reaches_its_driver_and_the_answer_comes_back(self, storage):
        """Asked, read, answered, given once; nothing is left."""
        asked = requests.ask(storage, "s", 3, {"kind": "stop"})
        assert requests.answer_to(storage, asked) is None
        assert requests.pending(storage, "s", 3) == [asked]
        assert requests.wish_of(storage, asked) == {"kind": "stop"}
        requests.answer(storage, asked, {"sentence": "Done."})
        assert requests.pending(storage, "s", 3) == []
        assert requests.answer_to(storage, asked) == {"sentence": "Done."}
        assert requests.answer_to(storage, asked) is None
        assert storage.list("drivers") == []

    def test_another_driver_and_another_search_do_not_get_it(self, storage):
        """It is for one driver epoch of one search."""
        requests.ask(storage, "s", 3, {})
        assert requests.pending(storage, "s", 4) == []
        assert requests.pending(storage, "s2", 3) == []

    def test_two_who_ask_are_both_heard(self, storage):
        """Neither takes the place of the other."""
        asked = {requests.ask(storage, "s", 1, {}) for _ in range(2)}
        assert set(requests.pending(storage, "s", 1)) == asked
        assert len(asked) == 2

    def test_what_is_withdrawn_is_gone(self, storage):
        """Also twice."""
        asked = requests.ask(storage, "s", 1, {})
        for _ in range(2):
            requests.withdraw(storage, asked)
        assert requests.pending(storage, "s", 1) == []
        with pytest.raises(FileNotFoundError):
            requests.wish_of(storage, asked)

    def test_what_earlier_drivers_left_is_cleared(self, storage):
        """Requests and answers of epochs before; those of this one stay."""
        requests.ask(storage, "s", 1, {})
        requests.answer(storage, requests.ask(storage, "s", 2, {}), {})
        mine = requests.ask(storage, "s", 3, {})
        trial_counts.add(storage, "s", Count(trials=4, typed=4))
        requests.clear(storage, "s", 3)
        assert requests.pending(storage, "s", 3) == [mine]
        assert len(storage.list("drivers")) == 2
