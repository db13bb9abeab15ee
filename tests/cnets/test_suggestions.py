"""What is suggested for a name that nobody knows."""

from cnets.suggestions import nearest


def test_the_most_like_name_is_named_alone():
    """However many others there are."""
    known = ["joint.epochs", "gan.epochs", "vae.epochs"]
    assert nearest("joint.epoch", known) == "; did you mean `joint.epochs`?"


def test_all_are_named_where_none_is_like_it():
    """In their order."""
    assert nearest("zzz", iter(["b", "a"])) == "; known: b, a."
