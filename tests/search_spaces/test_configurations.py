"""Configurations that are counted and numbered."""

import itertools

from hypothesis import given, strategies as st

from search_spaces import OneOf, Real, Whole, configurations


KINDS = st.one_of(
    st.builds(
        lambda low, more, log: Whole(low, low + more, log),
        st.integers(1, 5),
        st.integers(1, 3),
        st.booleans(),
    ),
    st.lists(
        st.sampled_from([0.5, 1, 2.5, "a", "b"]), min_size=1, max_size=4, unique=True
    )
    .map(tuple)
    .map(OneOf),
)


class TestConfigurations:
    @given(st.dictionaries(st.sampled_from("abcd"), KINDS))
    def test_each_has_a_place_of_its_own(self, parameters):
        """Places and configurations are one to one, and as many as the product."""
        every = [
            dict(zip(parameters, values, strict=True))
            for values in itertools.product(
                *(
                    p.values if isinstance(p, OneOf) else range(p.low, p.high + 1)
                    for p in parameters.values()
                )
            )
        ]
        assert configurations.count(parameters) == len(every)
        found = [configurations.at(parameters, place) for place in range(len(every))]
        assert found == every
        assert [configurations.number(parameters, c) for c in every] == list(
            range(len(every))
        )

    def test_real_numbers_have_no_end(self):
        """One real parameter among choices, and there is no count."""
        assert configurations.count({"a": OneOf((1,)), "b": Real(0.0, 1.0)}) is None

    def test_huge_spaces_are_numbered_too(self):
        """No list of all is made: 10**36 configurations, there and back."""
        parameters = {name: Whole(1, 10**9) for name in "abcd"}
        place = configurations.count(parameters) - 12345
        values = configurations.at(parameters, place)
        assert configurations.number(parameters, values) == place
