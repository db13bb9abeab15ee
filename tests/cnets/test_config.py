import math

import pytest

from cnets import presets
from cnets.config import RETIRED, Retired, TrainConfig, fields


class TestFromStored:
    def test_what_flat_gave(self):
        """Every value comes back."""
        small = presets.preset("small").replace({"seed": 3, "losses.kl": 0.5})
        assert TrainConfig.from_stored(small.flat()) == small

    def test_of_an_earlier_version(self):
        """A field that is missing has its default; a removed one is left out."""
        found = TrainConfig.from_stored({"losses.kl": 0.5, "joint.fast": 0})
        assert found == TrainConfig().replace({"losses.kl": 0.5})

    @pytest.mark.parametrize("value", [1, None, "0"])
    def test_a_removed_field_with_another_value(self, value):
        """The sentence says that it was removed, and what it may be."""
        said = rf"`joint\.fast` was removed, and must be 0 .*, got {value!r}\."
        with pytest.raises(Retired, match=said):
            TrainConfig.from_stored({"joint.fast": value})

    def test_another_unknown_name(self):
        """Only what was a field once is left out."""
        with pytest.raises(ValueError, match=r"`joint\.quick` is no field") as refused:
            TrainConfig.from_stored({"joint.quick": 0})
        assert not isinstance(refused.value, Retired)

    def test_a_removed_field_cannot_be_set(self):
        """It is no field for those who change a configuration."""
        assert not RETIRED.keys() & fields(TrainConfig).keys()
        with pytest.raises(ValueError, match=r"`joint\.fast` is no field"):
            TrainConfig().replace({"joint.fast": 0})


class TestReplace:
    def test_changes_one_leaf(self):
        """Only the named field differs."""
        changed = TrainConfig().replace({"losses.kl": 0.5}).flat()
        assert changed.pop("losses.kl") == 0.5
        assert changed == {
            k: v for k, v in TrainConfig().flat().items() if k != "losses.kl"
        }

    def test_flat_values_rebuild_the_configuration(self):
        """`flat` and `replace` are inverses."""
        small = presets.preset("small").replace({"seed": 3, "latent_size": 8})
        assert TrainConfig().replace(small.flat()) == small

    def test_unknown_name_lists_the_right_ones(self):
        """A typing mistake is answered with the names there are."""
        with pytest.raises(
            ValueError, match=r"`losses.kll` is no field.*; did you mean `losses.kl`"
        ):
            TrainConfig().replace({"losses.kll": 1.0})

    @pytest.mark.parametrize(
        ("name", "value", "rule"),
        [
            ("labelled_ratio", 0.0, r"in \(0, 1\]"),
            ("labelled_ratio", 1.1, r"in \(0, 1\]"),
            ("labelled_ratio", math.nan, r"in \(0, 1\]"),
            ("latent_size", 0, "1 or more"),
            ("latent_size", 2.5, "a whole number"),
            ("latent_size", "20", "a whole number"),
            ("losses.kl", -1.0, "0 or more"),
            ("losses.kl", math.inf, "0 or more"),
            ("losses.kl", True, "a number"),
            ("networks.side_px", 48, "one of 32, 64, 128"),
            ("networks.channels", 0, "1 or more"),
            ("vae.decay", 0.0, r"in \(0, 1\]"),
            ("vae.noise_std", -0.1, "0 or more"),
            ("vae.steps", 0, "1 or more"),
            ("gan.batch_size", 1, "2 or more"),
            ("vae.epochs", 0, "1 or more"),
            ("gan.epochs", -1, "0 or more"),
            ("joint.epochs", 0, "1 or more"),
            ("joint.learning_rate", 0.0, "above 0"),
            ("joint.warm_up_epochs", -1, "0 or more"),
            ("joint.mixed_codes", 0, "1 or more"),
            ("joint.decay", 1.5, r"in \(0, 1\]"),
            ("joint.depth_clip", 0.0, "above 0"),
            ("augment.rotation_deg", 181.0, r"in \[0, 180\]"),
            ("augment.scale_std", -0.1, r"in \[0, 0.3\]"),
            ("augment.shift_mm", math.nan, r"in \[0, 50\]"),
            ("health.image_spread_ratio", -0.1, "0 or more"),
            ("health.adversarial_nats", math.nan, "0 or more"),
            ("health.patience_epochs", 0, "1 or more"),
            ("health.active_units", 0.5, "a whole number"),
            ("seed", -1, "in"),
        ],
    )
    def test_refuses_values_out_of_range(self, name, value, rule):
        """The sentence names the field and the rule."""
        with pytest.raises(ValueError, match=f"`{name}` must be {rule}"):
            TrainConfig().replace({name: value})
