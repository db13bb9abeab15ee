import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from results.format.names import check_name


class TestCheckName:
    @pytest.mark.parametrize("name", ["a", "real", "nyu-2_b", "a" * 64])
    def test_accepts_plain_names(self, name):
        """Small letters, digits, `_` and `-` up to 64 characters pass."""
        check_name("search", name)

    @pytest.mark.parametrize(
        "name", ["", "A", "1a", "-a", "a" * 65, "a.b", "a/b", "..", "a\n", "ä", "a b"]
    )
    def test_refuses_others(self, name):
        """Any other name is refused in a sentence with argument and value."""
        said = re.escape(f"a letter first, got {name!r}")
        with pytest.raises(ValueError, match=f"^`search` must be .*{said}"):
            check_name("search", name)

    @pytest.mark.parametrize(
        ("name", "meant"),
        [("Real", "real"), ("My Run", "my-run"), (" a  b ", "a-b"), ("v1.2", "v1-2")],
    )
    def test_a_name_that_is_nearly_right_has_a_suggestion(self, name, meant):
        """Small letters, and a dash for what parts words; it passes."""
        with pytest.raises(ValueError, match=f"; did you mean '{meant}'\\?$"):
            check_name("search", name)
        check_name("search", meant)

    @pytest.mark.parametrize("name", ["", "1e5", "..", "a/b", "ä", "A" * 65])
    def test_none_where_nothing_is_near(self, name):
        """The sentence ends with the value."""
        with pytest.raises(ValueError, match=re.escape(f"got {name!r}.") + "$"):
            check_name("search", name)

    @given(st.text(alphabet="./\\~a-Z0\n\0%", max_size=12) | st.text())
    def test_nothing_leads_out(self, name):
        """No text that passes names a path outside of its folder."""
        try:
            check_name("search", name)
        except ValueError:
            return
        folder = Path("/store/searches")
        assert (folder / f"{name}.json").resolve().parent == folder
