import time
import tomllib

import pytest
from hypothesis import given, strategies as st

from search_spaces import toml_files


DEEPEST = toml_files.LIMIT_DEPTH

DEEP = {
    "dotted key": ".".join("a" * (DEEPEST + 1)) + " = 1",
    "header": f"[{'.'.join('a' * (DEEPEST + 1))}]",
    "lists": f"a = {'[' * (DEEPEST + 1)}{']' * (DEEPEST + 1)}",
    "inline tables": f"a = {'{a = ' * (DEEPEST + 1)}1{'}' * (DEEPEST + 1)}",
    "dotted keys in each other": f"{'.'.join('a' * 20)} = {{{'.'.join('a' * 20)} = 1}}",
    "quoted parts": ".".join([r'"a\""', "'b'"] * DEEPEST) + " = 1",
    "after a comment with quotes": f'# """\n{".".join("a" * (DEEPEST + 1))} = 1',
    "after a long text": f'a = {{b = """x\n\'""""", {".".join("c" * 40)} = 1}}',
}

BOMBS = {
    "dotted key": ".".join(["a"] * 200_000) + "=1",
    "quoted dotted key": ".".join([r'"\""'] * 150_000) + "=1",
    "header": f"[{'.'.join(['a'] * 200_000)}]",
    "lists": f"a={'[' * 500_000}{']' * 500_000}",
    "inline tables": f"a={'{a=' * 200_000}1{'}' * 200_000}",
    "open text": 'a="' + '\\"' * 400_000,
    "many quotes": "a=" + "\"'" * 400_000,
    "blanks": f"a = {' ' * 900_000}",
    "long number": f"a = {'1' * 900_000}",
}


def test_reads_what_python_reads(tmp_path):
    """Tables, texts, numbers and lists are those of `tomllib`."""
    text = 'a.b = "x.y"\n[c."d.e"]\nf = [1.5, [2, 3]] # {[\ng = """\n[[[["""\n'
    path = tmp_path / "a.toml"
    path.write_text(text)
    assert toml_files.read(str(path), "config") == tomllib.loads(text)


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_is_refused(name):
    """One level more than the limit is one sentence that names the file."""
    with pytest.raises(ValueError, match=f"^f.toml must be nested at most {DEEPEST}"):
        toml_files.tables(DEEP[name], "f.toml")


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * DEEPEST) + " = 1",
        f"a = {'[' * (DEEPEST - 1)}{']' * (DEEPEST - 1)}",
        f"a = '{'.'.join('a' * 100)}'",
        f"a = [{', '.join(['0.5'] * 100)}]",
        f"# {'.'.join('a' * 100)}\na = 1",
        "\n".join(f"a{n} = {{b = [1]}}" for n in range(100)),
    ],
)
def test_what_is_not_deep_is_read(text):
    """The limit itself, and dots and brackets that nest nothing."""
    assert toml_files.tables(text, "f.toml") == tomllib.loads(text)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name):
    """What keeps Python's reader busy for hours takes seconds at most."""
    start_s = time.monotonic()
    with pytest.raises(ValueError, match=r"nested at most|is no TOML file"):
        toml_files.tables(BOMBS[name], "f.toml")
    assert time.monotonic() - start_s < 10


def test_a_large_file_is_refused(tmp_path):
    """A file of a mebibyte is read, and not one byte more."""
    path = tmp_path / "a.toml"
    path.write_text("#" * 2**20)
    assert toml_files.read(str(path), "space") == {}
    path.write_text("#" * (2**20 + 1))
    with pytest.raises(ValueError, match="must have at most 1048576 bytes"):
        toml_files.read(str(path), "space")
    with pytest.raises(ValueError, match="must have at most 1048576 bytes"):
        toml_files.tables("#" * (2**20 + 1), "space")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"a = '\xed\xa0\x80'"])
def test_a_file_that_is_no_text_is_refused(tmp_path, content):
    """A missing file and wrong bytes: the sentence names argument and path."""
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^`space` must be a file .*a\.toml"):
        toml_files.read(str(path), "space")


@given(st.text(alphabet="ab.[]{}='\"#\\\n ,1", max_size=60))
def test_any_text_gives_tables_or_one_sentence(text):
    """What Python reads is read the same, and the rest is a ValueError."""
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(ValueError, match=r"is no TOML file|nested at most"):
            toml_files.tables(text, "f.toml")
        return
    assert toml_files.tables(text, "f.toml") == wanted
