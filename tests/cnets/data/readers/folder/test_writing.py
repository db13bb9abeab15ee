"""The text of a first description."""

import tomllib

from cnets.cameras import CAMERAS
from cnets.data.readers.folder import writing
from cnets.data.readers.folder.guess import Guess


def test_values_come_back_as_they_are():
    """Quotes, letters of other tongues and long lists are TOML; guesses are marked."""
    found = Guess()
    names = [f'joint "{n}" \\ \u00e9' for n in range(40)]
    found.put("camera", CAMERAS["msra"], "by its size")
    found.put("hand.column", 'which "side"', sure=True)
    found.put("joints.names", names, sure=True)
    found.put("frames.unit_mm", 0.125, "a reason")
    text = writing.text(found)
    held = tomllib.loads(text)
    assert held["joints"]["names"] == names
    assert held["hand"] == {"column": 'which "side"'}
    assert held["frames"]["unit_mm"] == 0.125
    assert held["camera"]["fx"] == CAMERAS["msra"].fx
    assert held["guessed"] == ["camera", "frames.unit_mm"]
    assert "# A guess: a reason." in text
