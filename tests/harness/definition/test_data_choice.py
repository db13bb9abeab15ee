"""The data of a search, read back from its header."""

import dataclasses

import pytest

from harness.definition import data_choice
from harness.definition.data_choice import DataChoice
from results import StorageError


@pytest.fixture
def noted(driven):
    """Gives the choice that a header with certain settings describes."""

    def read(**settings) -> DataChoice:
        header = dataclasses.replace(driven.store.header("s"), data_settings=settings)
        return data_choice.of_header(driven.store, header)

    return read


SOUND = {"side_px": 32, "split": None, "cache": "unused"}
"""What every header has."""


class TestOfHeader:
    def test_settings_come_back(self, noted, driven):
        """Specification, side, split and frames without labels are the header's."""
        cache = str(driven.store.storage.root / "prepared")
        settings = {"side_px": 64, "split": "person", "unlabelled": "d", "cache": cache}
        settings["poses"] = "a.npy"
        assert noted(**settings) == DataChoice(
            spec="synthetic",
            side_px=64,
            split="person",
            cache=cache,
            unlabelled="d",
            poses="a.npy",
        )

    def test_a_folder_elsewhere_without_data_is_not_written_to(
        self, noted, driven, tmp_path
    ):
        """The store's own folder takes its place, and nothing is made."""
        elsewhere = tmp_path / "elsewhere"
        found = noted(**SOUND | {"cache": str(elsewhere)})
        assert found.cache == str(driven.store.storage.root / "cache")
        assert not elsewhere.exists()

    def test_prepared_data_elsewhere_are_used(self, noted, tmp_path):
        """A folder outside the store that has prepared data is followed."""
        facts = tmp_path / "elsewhere" / "a1b2" / "facts.json"
        facts.parent.mkdir(parents=True)
        facts.write_text("{}")
        elsewhere = str(tmp_path / "elsewhere")
        assert noted(**SOUND | {"cache": elsewhere}).cache == elsewhere

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"side_px": 32, "split": None},
            SOUND | {"side_px": "32"},
            SOUND | {"cache": None},
            SOUND | {"more": 1},
        ],
        ids=["none", "no cache", "text", "null", "unknown"],
    )
    def test_a_header_without_data_is_damaged(self, noted, settings):
        """What lacks a setting, has another type or an unknown name is refused."""
        with pytest.raises(StorageError, match=r"`searches/s.json` is damaged"):
            noted(**settings)
