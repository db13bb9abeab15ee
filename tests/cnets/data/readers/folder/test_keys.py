"""Patterns of columns; how each key is refused is in `test_description.py`."""

from cnets.data.readers.folder import keys


def test_columns_are_written_out():
    """A number for each joint, then for each axis; a list and a name stay."""
    written = keys.written_out("{axis}{number}.{joint}", ("a", "b"), ("u", "v"))
    assert written == ("u0.a", "v0.a", "u1.b", "v1.b")
    assert keys.written_out("all", ("a", "b"), ("u", "v")) == ("all",)
    assert keys.written_out(["p", "q"], ("a",), ("u", "v")) == ("p", "q")


def test_what_a_point_is():
    """The kind leaves out what only says whether it was seen."""
    axes, columns = ("v", "u", "visible"), ("j",)
    how = keys.Points(axes=axes, signs=(1, 1, 1), columns=columns, unit_mm=1.0)
    assert how.kind == "uv"
