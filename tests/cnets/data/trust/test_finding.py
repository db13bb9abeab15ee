"""The two kinds of finding, and shares in words."""

from cnets.data.trust import finding


def test_levels_and_shares():
    """A refusal and a warning keep their sentence; shares are whole per cents."""
    assert vars(finding.refusal("a.")) == {"level": "refuse", "sentence": "a."}
    assert vars(finding.warning("b.")) == {"level": "warn", "sentence": "b."}
    assert finding.percent(0.574) == "57 %"
