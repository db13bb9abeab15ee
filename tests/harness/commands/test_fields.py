"""The names for `--set`: found by a part of them, with their values."""

import json

import pytest

from cnets import config, presets
from harness.commands import cli, fields


NAMES = ["seed", "joint.epochs", "joint.decay", "vae.epochs", "vae.decay"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (None, NAMES),
        ("epochs", ["joint.epochs", "vae.epochs"]),
        ("Joint", ["joint.epochs", "joint.decay"]),
        ("vae.*", ["vae.epochs", "vae.decay"]),
        ("dec??", ["joint.decay", "vae.decay"]),
        ("[sv]*", ["seed", "vae.epochs", "vae.decay"]),
    ],
)
def test_a_part_or_a_pattern_of_a_name(pattern, found):
    """In the order of declaration; a pattern may be of the last part."""
    assert fields.matching(pattern, NAMES) == found


@pytest.mark.parametrize("pattern", ["joint.epoks", "epochs.joint", "zzz", "*zzz"])
def test_one_that_fits_nothing_says_what_is_nearest(pattern):
    """Whatever it is, a name follows."""
    rule = "`pattern` must fit a field of the run, got .*; did you mean `[a-z.]+`"
    with pytest.raises(ValueError, match=rule):
        fields.matching(pattern, NAMES)


def test_every_field_with_default_unit_and_meaning(capsys):
    """As JSON: those of the preset, all in the words of `--set`."""
    assert cli.run(["fields", "--preset", "tiny", "--format", "json"]) == 0
    rows = {row["field"]: row for row in json.loads(capsys.readouterr().out)}
    tiny = presets.preset("tiny").flat()
    assert list(rows) == list(config.TrainConfig().flat())
    for name, row in rows.items():
        shown = row["default"]
        if isinstance(tiny[name], str):
            assert shown == tiny[name]
        else:
            assert shown == "none" if tiny[name] is None else float(shown) == tiny[name]
        assert row["meaning"]
    assert rows["networks.side_px"]["unit"] == "px"
    assert rows["vae.epochs"]["unit"] == "epochs"
    assert rows["losses.kl"]["unit"] is None


def test_an_unknown_pattern_is_wrong_usage(capsys):
    """The exit code is 2, the sentence names the nearest."""
    assert cli.run(["fields", "joint.epoks"]) == cli.USAGE
    assert "did you mean `joint.epochs`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (3e-4, "0.0003"), (20, "20"), ("random", "random")],
)
def test_a_value_is_shown_as_it_is_set(value, text):
    """Numbers are short, words as they are."""
    assert fields.shown(value) == text
