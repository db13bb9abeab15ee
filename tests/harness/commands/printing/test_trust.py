"""What a look at a data set has shown, as lines."""

from harness.commands.printing import trust


FACTS = {
    "data": "msra:set",
    "frames": 76375,
    "looked_at": 256,
    "seed": 14,
    "centres": "found in the frames",
    "joints": 5376,
    "on_hand_percent": 97.5,
    "in_crop_percent": 99.25,
    "nearest_mm": 210.0,
    "farthest_mm": 655.5,
    "no_hand": 2,
    "identical": 3,
    "nearly_identical": 1,
    "worst": [
        {
            "row": 76374,
            "frame": "/a/very/long/folder/of/data/sets/msra/P8/TIP/000123_depth.bin",
            "on_hand_percent": 12.3,
            "in_crop_percent": 100.0,
            "hand_cm2": 140.2,
        }
    ],
    "findings": [
        {"level": "warn", "sentence": "Something looks \x1b[31mwrong."},
        {"level": "refuse", "sentence": "Said elsewhere."},
    ],
}


def test_figures_in_80_columns():
    """Each figure, a long name, the warning; a refusal is said apart."""
    said = trust.report(FACTS)
    assert max(map(len, said.splitlines())) <= 80
    for words in (
        "256 of 76375",
        "97.5",
        "99.25",
        "210",
        "655.5",
        "123_depth.bin",
        "found in the frames",
    ):
        assert words in said
    assert "Warning: Something looks" in said
    assert "\x1b" not in said
    assert "Said elsewhere" not in said


def test_without_labels():
    """No line about joints; the frames' surface instead of shares."""
    said = trust.report(FACTS | {"joints": 0})
    assert "joint" not in said.split("On the hand")[0]
    assert "140.2" in said


def test_rendered():
    """One line, and the warnings."""
    said = trust.report(FACTS | {"looked_at": 0})
    assert said.splitlines()[0].startswith("76375 rendered frames, 99.25 %")
    assert "its centre found in the frames" in " ".join(said.split())
    assert "Warning: Something" in said
