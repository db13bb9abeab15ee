"""The README tells the truth: its Python runs, its options and files exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.commands.table import COMMANDS
from search_spaces import Space


ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", [text for kind, text in BLOCKS if kind == "python"])
def test_python_blocks_run(code, tmp_path):
    """Each in a fresh interpreter and an empty folder."""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize("text", [text for kind, text in BLOCKS if kind == "toml"])
def test_toml_blocks_are_spaces(text):
    """A space that can be used as it stands."""
    assert Space.from_toml(text, "README").parameters


def test_every_command_names_verbs_and_options_there_are():
    """`crossnets VERB --option` in the README can be typed."""
    lines = re.findall(r"^crossnets (.*?)(?:  +#.*)?$", README, re.MULTILINE)
    assert len(lines) >= 8
    for line in lines:
        words = line.split()
        verb = next(n for n in (" ".join(words[:2]), words[0]) if n in COMMANDS)
        for option in re.findall(r"--([a-z-]+)", line):
            known = {
                f.replace("_", "-") for f in COMMANDS[verb].options.__dataclass_fields__
            }
            assert option in known | {"from"}, (verb, option)


def test_every_linked_file_is_there():
    """Pictures and pages are part of the project."""
    for path in re.findall(r"\]\(((?!http)[^)]+)\)", README):
        assert (ROOT / path).exists(), path


def test_the_first_screen_names_both_commands():
    """Set-up is two commands, and they exist."""
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test", "check", "bench"):
        assert f"\n{target}:" in makefile
    assert "make demo" in README[:600]
    assert "make test" in README[:600]
