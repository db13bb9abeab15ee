"""TOML key by key: what is taken, and sentences that name file and key."""

import pytest

from cnets.data.readers.folder import section
from cnets.data.readers.folder.section import Section


def test_keys_of_each_kind(tmp_path):
    """Values come out as they are, numbers as floats, lists as tuples."""
    path = tmp_path / "a.toml"
    path.write_text('t = "x"\nn = 2\nw = 3\nl = ["a", "b"]\nm = [1, 2.5]\n')
    part = Section(path, "", section.read(path))
    assert (part.text("t"), part.number("n", low=0.0, high=9.0)) == ("x", 2.0)
    assert (part.whole("w", low=1, high=3), part.texts("l")) == (3, ("a", "b"))
    assert (part.numbers("m"), part.numbers("no", (7.0,))) == ((1.0, 2.5), (7.0,))
    assert part.choice("t", ("x", "y")) == "x"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda p: p.text("n"), "`part.n` must be a text, got 2"),
        (lambda p: p.text("lacks"), "`part.lacks` must be a text, and is missing"),
        (lambda p: p.number("n", low=2.0, high=9.0), "above 2, up to 9, got 2"),
        (lambda p: p.number("t", low=2.0, high=9.0), "got 'x'"),
        (lambda p: p.number("yes", low=0.0, high=9.0), "got True"),
        (lambda p: p.whole("f", low=0, high=9), "a whole number from 0 to 9, got 1.5"),
        (lambda p: p.texts("t"), "a list of texts, got 'x'"),
        (lambda p: p.numbers("nan"), r"a list of numbers, got \[nan\]"),
        (lambda p: p.choice("t", ("left",)), "got 'x'; known: left"),
        (lambda p: p.only(("nn", "t")), "`part.n` is no key .* did you mean `nn`"),
    ],
)
def test_refused(tmp_path, call, sentence):
    """Each with file, key, rule and value."""
    path = tmp_path / "a.toml"
    path.write_text('[part]\nn = 2\nt = "x"\nyes = true\nf = 1.5\nnan = [nan]\n')
    with pytest.raises(ValueError, match=rf"a\.toml .*{sentence}"):
        call(Section(path, "part", section.read(path)["part"]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = ", "is no TOML file"),
        ("a." * 100_000 + "b = 1", "a key has more than 8 parts"),
        ("a = " + "[" * 100_000, "nested too deep"),
        ("#" * (2**20 + 1), "at most 1048576 bytes"),
    ],
    ids=["half", "long key", "deep", "long"],
)
def test_what_is_no_description(tmp_path, text, sentence):
    """Damaged and hostile files are refused at once."""
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        section.read(path)


def test_a_table_that_is_none(tmp_path):
    """A number where a table is to be."""
    with pytest.raises(ValueError, match=r"must have a table \[camera\], got 3"):
        Section(tmp_path / "a.toml", "camera", 3)
