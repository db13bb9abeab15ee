"""What makes two searches two."""

import dataclasses

import pytest

from harness.definition.identity import search_identity
from harness.definition.options import SearchOptions


@pytest.fixture
def header(driven):
    """The header of a search, as it is read from its store."""
    return driven.store.header("s")


class TestDifference:
    def test_none_to_itself(self, header):
        """A header is that of the same search, be its ratios a list or a tuple."""
        again = dataclasses.replace(header, ratios=list(header.ratios))
        assert search_identity.difference(header, again) is None

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            (
                {"space": {"name": "joint"}},
                "another space (name: small_space there, joint now)",
            ),
            ({"data_fingerprint": "0"}, f"other data ({'f' * 64} there, 0 now)"),
            ({"seed": 8}, "another seed (7 there, 8 now)"),
            ({"ratios": (1.0,)}, "other ratios ([0.5, 1.0] there, [1.0] now)"),
            (
                {"rules": {"eta": 3}},
                "other rules (objective: mean_joint_error_mm there, None now)",
            ),
        ],
    )
    def test_what_decides_is_named(self, header, change, sentence):
        """The first field that differs is said with both values."""
        other = dataclasses.replace(header, **change)
        assert search_identity.difference(header, other) == sentence

    def test_a_field_of_the_configuration_is_named(self, header):
        """Of the base configuration the one field is said, not all of it."""
        base = header.base_config | {"losses.kl": 0.5}
        other = dataclasses.replace(header, base_config=base)
        was = header.base_config["losses.kl"]
        sentence = f"another base configuration (losses.kl: {was} there, 0.5 now)"
        assert search_identity.difference(header, other) == sentence

    def test_a_field_that_is_newer_than_the_header_has_its_default(self, header):
        """A configuration that was stored without a field is not another one."""
        base = {n: v for n, v in header.base_config.items() if n != "losses.kl"}
        old = dataclasses.replace(header, base_config=base)
        assert header.base_config["losses.kl"] == 1.0  # the default
        assert search_identity.difference(old, header) is None

    def test_a_field_that_was_removed_since(self, header):
        """With its harmless value the search is the same; with another it is refused."""
        base = header.base_config | {"joint.fast": 0}
        assert (
            search_identity.difference(
                dataclasses.replace(header, base_config=base), header
            )
            is None
        )
        base["joint.fast"] = 1
        with pytest.raises(ValueError, match=r"`joint\.fast` was removed"):
            search_identity.difference(
                dataclasses.replace(header, base_config=base), header
            )

    def test_what_may_differ(self, header):
        """More trials, other code and another machine continue the same search."""
        other = dataclasses.replace(
            header, trials=99, code_version="later", environment={"cpus": 64}
        )
        assert search_identity.difference(header, other) is None


class TestRules:
    def test_by_hand(self):
        """Nine epochs; a search of before says nothing of a scheduler."""
        assert search_identity.rules(SearchOptions(preset="tiny")) == {
            "objective": "mean_joint_error_mm",
            "grace": 2,
            "eta": 4.0,
            "max_step": 9,
            "scheduler": "pause",
            "sampler": "model",
            "factor": 2.0,
        }
        stopped = SearchOptions(preset="tiny", scheduler="stop")
        assert search_identity.rules(stopped) == {
            "objective": "mean_joint_error_mm",
            "grace": 1,
            "eta": 3.0,
            "max_step": 9,
        }

    @pytest.mark.parametrize(
        ("lanes", "noted"), [(None, False), (1, False), ("auto", False), (4, True)]
    )
    def test_lanes_are_noted_where_there_are_several(self, lanes, noted):
        """One lane sums as a run alone does, so only more of them are a rule."""
        found = search_identity.rules(SearchOptions(preset="tiny", lanes=lanes))
        assert ("lanes" in found) == noted
        assert found.get("lanes") == (lanes if noted else None)
