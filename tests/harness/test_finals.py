import pytest

from harness import finals
from results import Store


def test_a_search_without_results_cannot_be_rerun(driven):
    """The sentence names the search."""
    driven.writer.flush()
    folder = driven.store.storage.root
    with pytest.raises(ValueError, match="`s`, which has none yet"):
        finals.rerun("s", store=folder)
    assert Store.open(folder).searches() == ["s"]
