"""A search that is checked before it starts, and its header."""

import dataclasses
import json

import numpy as np
import pytest

from harness import prepare
from harness.definition.identity import search_identity
from harness.definition.options import SearchOptions
from results import Header
from search_spaces import SPACES


OPTIONS = SearchOptions(
    data="synthetic:40", preset="tiny", space="loss_weights", ratios="0.5,1.0", seed=3
)


@pytest.fixture
def prepared(tmp_path) -> prepare.Prepared:
    """A search on forty embedded frames."""
    return prepare.prepare("s", OPTIONS, tmp_path / "cache")


class TestPrepare:
    def test_the_base_has_as_many_joints_as_the_data(self, prepared):
        """Nothing else of the preset is changed."""
        base = OPTIONS.base()
        assert prepared.data.joints == 21
        assert prepared.base == base.replace({"networks.joints": 21})
        assert (prepared.ratios, prepared.init) == ((0.5, 1.0), None)

    def test_the_data_are_counted(self, prepared):
        """The line says what a search has, and the labels of each ratio."""
        assert prepared.counted == (
            "data: 40 frames, 40 labels; train 28, validation 6, test 6, unlabelled 0, "
            "dropped 0; crop centres from the labels; labels used: 14 at 0.5, 28 at 1",
        )

    @pytest.mark.parametrize(
        ("choice", "kinds"), [("random", 1), ("coverage", 2), ("either", 2)]
    )
    def test_crops_for_the_choice_of_labels(self, tmp_path, choice, kinds):
        """They are made before a worker needs them, if a trial may."""
        lines = ['name = "a"', '[parameters."losses.kl"]', 'kind = "real"']
        lines += ["low = 0.1", "high = 1.0"]
        start = ["[start]", '"losses.kl" = 1.0']
        if choice == "either":
            lines += ['[parameters."labels.choice"]', 'kind = "one_of"']
            lines += ['values = ["random", "coverage"]']
            start += ['"labels.choice" = "random"']
        path = tmp_path / "a.toml"
        path.write_text("\n".join(lines + start))
        options = dataclasses.replace(
            OPTIONS,
            space=str(path),
            set=() if choice == "either" else (f"labels.choice={choice}",),
        )
        prepare.prepare("s", options, tmp_path / "cache")
        assert len(list((tmp_path / "cache").glob("*-3"))) == kinds

    def test_a_ratio_without_a_label(self, tmp_path):
        """0.02 of 14 labels is none: refused before anything is trained."""
        options = dataclasses.replace(OPTIONS, data="synthetic:20", ratios="0.02,1.0")
        with pytest.raises(ValueError, match=r"`labelled_ratio` .* 0\.02 of the 14"):
            prepare.prepare("s", options, tmp_path / "cache")

    def test_leaving_out_what_is_missing_is_a_choice_of_data(self, tmp_path):
        """It stands in the data set's name; a set without files has no such choice."""
        options = dataclasses.replace(OPTIONS, skip_missing=True)
        with pytest.raises(ValueError, match="`skip_missing` needs a set with frames"):
            prepare.prepare("s", options, tmp_path / "cache")
        options = dataclasses.replace(options, data=f"msra:{tmp_path}/none")
        with pytest.raises(ValueError, match="`data` must name a folder that exists"):
            prepare.prepare("s", options, tmp_path / "cache")

    def test_a_share_of_the_test_split(self, tmp_path):
        """It is a choice of data that the header keeps, and its frames are counted."""
        options = dataclasses.replace(
            OPTIONS, data="synthetic:1060", unlabelled="test:0.02"
        )
        found = prepare.prepare("s", options, tmp_path / "cache")
        assert found.choice.unlabelled == "test:0.02"
        assert prepare.header_of(found).data_settings["unlabelled"] == "test:0.02"
        assert "test 3, unlabelled 6, dropped 150" in found.counted[0]
        assert "whose labels are hidden are cropped" in found.counted[1]

    def test_poses_without_images(self, prepared, tmp_path, monkeypatch):
        """A choice of data, by a name that holds everywhere; without, none is stored."""
        monkeypatch.chdir(tmp_path)
        np.save("a.npy", prepared.data.joints_mm[:5])
        options = dataclasses.replace(OPTIONS, poses="a.npy")
        found = prepare.prepare("s", options, tmp_path / "cache")
        assert found.choice.poses == str(tmp_path / "a.npy")
        header, plain = map(prepare.header_of, (found, prepared))
        assert header.data_settings["poses"] == found.choice.poses
        assert "poses" not in plain.data_settings
        assert "other data" in str(search_identity.difference(plain, header))

    def test_only_the_folder_of_prepared_data_is_written(self, prepared, tmp_path):
        """The choice names it by its full path, and the store is not touched."""
        assert prepared.choice.cache == str(tmp_path / "cache")
        assert [path.name for path in tmp_path.iterdir()] == ["cache"]

    def test_a_space_without_ratios_takes_that_of_the_run(self, tmp_path):
        """Without `ratios` the configuration's own is the only one."""
        path = tmp_path / "kl.toml"
        path.write_text(
            'name = "kl"\n[parameters."losses.kl"]\nkind = "real"\nlow = 0.1\n'
            'high = 1.0\n[start]\n"losses.kl" = 1.0\n'
        )
        options = SearchOptions(
            data="synthetic:40",
            preset="tiny",
            space=str(path),
            set=("labelled_ratio=0.25",),
        )
        found = prepare.prepare("s", options, tmp_path / "cache")
        assert found.ratios == (0.25,)

    @pytest.mark.parametrize(
        ("name", "options", "rule"),
        [
            ("../s", {}, "`name`"),
            ("s", {"ratios": "0.3"}, "`ratios` must be among .* got 0.3"),
            ("s", {"space": "nothing"}, "`space` must be one of"),
            ("s", {"grace": 99}, "`max_step` must be at least `grace`"),
            ("s", {"data": "nothing:40"}, "`data`"),
        ],
        ids=["name", "ratio", "space", "rungs", "data"],
    )
    def test_refuses(self, tmp_path, name, options, rule):
        """Whatever is wrong is said before anything is written."""
        wrong = SearchOptions(**{"data": "synthetic:40", "preset": "tiny", **options})
        with pytest.raises(ValueError, match=rule):
            prepare.prepare(name, wrong, tmp_path / "cache")
        assert list(tmp_path.iterdir()) == []


class TestHeaderOf:
    def test_what_a_search_was_started_with(self, prepared):
        """Space, data, seed, ratios and number of trials are those of the options."""
        header = prepare.header_of(prepared)
        assert (header.name, header.seed, header.trials) == ("s", 3, 16)
        assert header.ratios == (0.5, 1.0)
        assert header.data == "synthetic:40"
        assert header.data_fingerprint == prepared.data.fingerprint
        assert header.base_config["networks.joints"] == 21
        space = SPACES["loss_weights"]
        assert header.space == json.loads(space.to_json())
        assert header.parameters == dict.fromkeys(space.parameters, "float")
        assert header.rules == search_identity.rules(OPTIONS)

    def test_the_mean_pose_by_hand(self, prepared):
        """The mean of the labels of each ratio, with the search's seed, at validation."""
        data = prepared.data
        relative = data.joints_mm.astype(float) - data.centres_mm[:, None]
        found = prepare.header_of(prepared).mean_pose_mm
        assert found.keys() == {"0.5", "1.0"}
        for ratio, error_mm in found.items():
            mean = relative[data.labelled(float(ratio), OPTIONS.seed)].mean(0)
            errors = relative[data.rows("validation")] - mean
            wanted = np.sqrt((errors**2).sum(-1)).mean()
            assert error_mm == pytest.approx(wanted, rel=1e-6)

    def test_it_is_the_same_search_when_it_was_stored(self, prepared):
        """Written to JSON and read again it differs in nothing that decides."""
        header = prepare.header_of(prepared)
        stored = Header.from_bytes("searches/s.json", header.to_bytes())
        assert search_identity.difference(stored, header) is None
