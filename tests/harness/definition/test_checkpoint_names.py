"""Names of checkpoints, of both kinds."""

from harness.definition import checkpoint_names


def test_both_kinds_sort_by_their_place():
    """One that is held lies between those before and after it."""
    names = ["at-3-000004", "held-3-000003", "at-2-000009"]
    assert sorted(names, key=checkpoint_names.place) == names[::-1]
