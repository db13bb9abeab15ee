"""The README and the pages of docs/ tell the truth.

Their Python runs, their commands can be typed, and what they link to is there.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.commands.table import COMMANDS
from search_spaces import Space


ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}


def blocks(kind: str) -> list:
    """The blocks of code of a kind, each under the name of its page."""
    return [
        pytest.param(text, id=f"{page}-{number}")
        for page, content in TEXTS.items()
        for number, (found, text) in enumerate(
            re.findall(r"^```(\w*)\n(.*?)^```$", content, re.DOTALL | re.MULTILINE)
        )
        if found == kind
    ]


def typed(text: str) -> list[str]:
    """Commands in a page: lines of code, and code within a sentence."""
    lines = re.findall(r"^(?:\$ )?crossnets ([a-z].*?)(?:  +#.*)?$", text, re.MULTILINE)
    return lines + re.findall(r"`crossnets ([a-z][^`]*)`", text)


def wrong_words(command: str) -> list[str]:
    """What of a command cannot be typed: its verb, or options."""
    words = command.split()
    verb = next((n for n in (" ".join(words[:2]), words[0]) if n in COMMANDS), None)
    if verb is None:
        return [words[0]]
    fields = COMMANDS[verb].options.__dataclass_fields__
    known = {field.replace("_", "-") for field in fields} | {"from"}
    known |= {f"no-{name}" for name in known}
    return [
        option for option in re.findall(r"--([a-z-]+)", command) if option not in known
    ]


def dead_links(page: Path) -> list[str]:
    """Links of a page to files of the project that are not there."""
    links = re.findall(r"\]\(((?!https?:)[^)#]+)[^)]*\)", page.read_text("utf-8"))
    return [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code, tmp_path):
    """Each in a fresh interpreter and an empty folder."""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_blocks_are_spaces(text):
    """A space that can be used as it stands."""
    assert Space.from_toml(text, "page").parameters


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_names_verbs_and_options_there_are(page):
    """`crossnets VERB --option` can be typed."""
    wrong = {command: wrong_words(command) for command in typed(TEXTS[page])}
    assert not {command: words for command, words in wrong.items() if words}


def test_the_readme_shows_a_search_from_start_to_end():
    """Launch, watch, best, rerun and query are there to be typed."""
    verbs = {command.split()[0] for command in typed(TEXTS["README.md"])}
    assert verbs >= {"plan", "search", "status", "best", "query", "rerun", "train"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("crossnets serch real", ["serch"]),
        ("so `crossnets search real --fast` it is", ["fast"]),
        ("$ crossnets data show poses:DIR --out a.png   # --look", []),
    ],
)
def test_a_command_that_cannot_be_typed_is_found(text, wrong):
    """An unknown verb and an unknown option are named; a comment is no option."""
    (command,) = typed(text)
    assert wrong_words(command) == wrong


@pytest.mark.parametrize(
    "page", [*TEXTS, "deploy/README.md", "benchmarks/RESULTS.md", "CHANGELOG.md"]
)
def test_every_linked_file_is_there(page):
    """Pictures and pages are part of the project."""
    assert dead_links(ROOT / page) == []


def test_a_dead_link_is_found(tmp_path):
    """A missing file is named; a file that is there and an address are not."""
    page = tmp_path / "page.md"
    page.write_text("[a](page.md#top) ![b](gone.png) [c](https://example.org/x.md)")
    assert dead_links(page) == ["gone.png"]


def test_the_readme_leads_to_every_page():
    """A page of docs/ that nobody finds is none."""
    for page in TEXTS:
        assert page == "README.md" or f"({page})" in TEXTS["README.md"]


def test_the_readme_is_short():
    """At most 200 lines of at most 120 characters."""
    lines = TEXTS["README.md"].splitlines()
    assert len(lines) <= 200
    assert max(map(len, lines)) <= 120


def test_the_first_screen_names_both_commands():
    """Set-up is two commands, and they exist."""
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test", "check", "bench"):
        assert f"\n{target}:" in makefile
    assert "make demo" in TEXTS["README.md"][:600]
    assert "make test" in TEXTS["README.md"][:600]


def test_the_tests_that_pages_name_are_there():
    """A renamed test is renamed in docs as well; files of ICVL and columns are none."""
    held = {path.stem for path in (ROOT / "tests").rglob("*.py")}
    for path in (ROOT / "tests").rglob("*.py"):
        held |= set(re.findall(r"(?:def|class) (test_\w+|Test\w+)", path.read_text()))
    for page, text in TEXTS.items():
        named = set(re.findall(r"\b(test_\w+|Test[A-Z]\w+)", text))
        others = ("test_seq_1", "test_seq_2", "test_mean_mm", "test_std_mm")
        assert named - held - {*others} == set(), page
