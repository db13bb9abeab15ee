"""How often settings are taken over is a fact of a stage."""

from harness.definition.reuse import Reuse


def test_it_holds_what_it_is_given():
    """A plain value that compares."""
    facts = {
        "stage": "gan",
        "fields": ("latent_size",),
        "share": 0.5,
        "of_a_ratio": False,
    }
    assert Reuse(**facts) == Reuse(**facts) != Reuse(**facts | {"share": 0.4})
