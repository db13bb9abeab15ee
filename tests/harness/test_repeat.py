import math
from dataclasses import replace
from pathlib import Path

import pytest

from cnets.config import TrainConfig
from harness import repeat
from results import StorageError


TRIAL = "s/t-00001"
SHORT = (
    *("vae.epochs=1", "vae.steps=2", "gan.epochs=1", "gan.steps=2"),
    *("joint.epochs=2", "joint.steps=2"),
)


@pytest.fixture(scope="module")
def once(train, tmp_path_factory) -> Path:
    """The store of a trial that was trained for one epoch; it is only read."""
    runs = tmp_path_factory.mktemp("once") / "runs"
    train(runs, steps=1)
    return runs


class TestATrial:
    def test_gives_its_number_again(self, train, tmp_path):
        """Trained anew up to its step, the error is the stored one to the last bit."""
        train(tmp_path / "runs", steps=2)
        again = repeat.stored(tmp_path / "runs", TRIAL)
        run = repeat.of_trial(again, TRIAL)
        assert run.until == again.step == 2
        *_, last = repeat.train(
            run.config, run.data, folder=tmp_path / "again", until=run.until
        )
        assert last.step == 2
        assert last.metrics[again.objective] == again.objective_mm
        assert repeat.agrees(again, last)

    @pytest.mark.parametrize("value", [0, 1])
    def test_with_a_field_that_was_removed(self, train, tmp_path, monkeypatch, value):
        """Its harmless value is left out, another is refused."""
        flat = TrainConfig.flat
        with monkeypatch.context() as earlier:  # a version that had the field writes
            old = {"joint.fast": value}
            earlier.setattr(TrainConfig, "flat", lambda config: flat(config) | old)
            config = train(tmp_path, steps=1).lane.config
        if value:
            with pytest.raises(ValueError, match=r"`joint\.fast` was removed"):
                repeat.stored(tmp_path, TRIAL)
        else:
            assert repeat.stored(tmp_path, TRIAL).config == config

    def test_of_other_data_is_refused(self, once):
        """The fingerprint in the store is not that of the data."""
        again = replace(repeat.stored(once, TRIAL), fingerprint="0")
        with pytest.raises(ValueError, match="data"):
            repeat.of_trial(again, TRIAL)

    @pytest.mark.parametrize(
        ("stored", "wanted", "gpu", "gives"),
        [
            (None, None, False, ("cpu", 0)),
            ("cpu", None, False, ("cpu", 0)),
            ("cuda", None, False, "finds no GPU, got 'cuda', on which s/t-00001 was"),
            ("cpu", "cuda", False, "finds no GPU, got 'cuda'\\."),
            ("cuda", "cpu", True, ("cpu", 1)),
            ("cuda", "cpu", False, ("cpu", 1)),
        ],
    )
    def test_device(self, once, monkeypatch, stored, wanted, gpu, gives):
        """What it was trained on, or what is asked for, which is then said."""
        assert repeat.stored(once, TRIAL).device == "cpu"
        again = replace(repeat.stored(once, TRIAL), device=stored)
        monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
        if isinstance(gives, str):
            with pytest.raises(ValueError, match=gives):
                repeat.of_trial(again, TRIAL, device=wanted)
            return
        run = repeat.of_trial(again, TRIAL, device=wanted)
        counted, *notes = run.notes
        assert counted.startswith("data: ")
        assert (run.device, len(notes)) == gives
        assert all("is repeated on cpu" in note for note in notes)

    def test_without_a_step_is_refused(self, once):
        """There is nothing to compare with."""
        again = replace(repeat.stored(once, TRIAL), step=None)
        with pytest.raises(ValueError, match=f"reported an error, got '{TRIAL}'"):
            repeat.of_trial(again, TRIAL)

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("s", "`from` must be SEARCH/TRIAL, got 's'"),
            ("s/t-00009", r"a trial of `s` \(up to t-00001\), got 't-00009'"),
            ("x/t-00001", "`search` must be one of"),
        ],
    )
    def test_that_is_not_there_is_refused(self, once, name, sentence):
        """Search and trial are named."""
        with pytest.raises((ValueError, StorageError), match=sentence):
            repeat.stored(once, name)


class TestAPreset:
    def test_is_fitted_to_its_data(self, tmp_path):
        """Joints come from the data, sides from the preset, changes from the words."""
        run = repeat.of_preset(
            "tiny", SHORT, spec="synthetic:40", cache=tmp_path / "cache"
        )
        assert run.config.networks.joints == 21
        assert run.data.side_px == run.config.networks.side_px
        assert run.config.joint.epochs == 2
        assert (run.until, run.init, run.rows) == (None, None, None)
        assert run.notes[0].startswith("data: 40 frames, 40 labels; train 28, valid")

    @pytest.mark.parametrize("test", [False, True])
    def test_is_trained_to_its_end(self, tmp_path, test):
        """One report an epoch; figures of the test split are in the last if wished."""
        run = repeat.of_preset(
            "tiny", SHORT, spec="synthetic:40", cache=tmp_path / "cache"
        )
        folder = tmp_path / "run"
        reports = [*repeat.train(run.config, run.data, folder=folder, test=test)]
        stages = [report.stage for report in reports]
        assert stages == ["vae", "gan", "warm_up", "joint", "joint"]
        assert [report.last for report in reports] == [False] * 4 + [True]
        found = reports[-1].final.get("mean_joint_error_mm")
        assert test == (found is not None and math.isfinite(found))

    def test_without_a_label_is_refused(self, tmp_path):
        """A share of the labels that is none of them, before anything is trained."""
        with pytest.raises(ValueError, match="`labelled_ratio` must leave 2 labels"):
            repeat.of_preset(
                "tiny",
                ["labelled_ratio=0.01"],
                spec="synthetic:40",
                cache=tmp_path / "c",
            )

    def test_with_a_wrong_field_is_refused(self, tmp_path):
        """Before any data are made."""
        with pytest.raises(ValueError, match=r"`joint\.epoch` is no field"):
            repeat.of_preset("tiny", ["joint.epoch=2"], spec="x", cache=tmp_path / "c")
        assert not (tmp_path / "c").exists()
