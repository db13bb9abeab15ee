"""What is recorded of code and machine, and what is not."""

import os
import subprocess
from importlib import metadata
from pathlib import Path

import numpy as np

from harness.definition.identity import provenance


ROOT = Path(provenance.__file__).parents[3]


class TestCodeVersion:
    def test_names_the_commit_of_a_checkout(self):
        """Behind the version stands the commit that git names, if there is one."""
        version = metadata.version("crossnets")
        words = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
        asked = subprocess.run(words, capture_output=True, text=True, check=False)
        commit = f"+g{asked.stdout[:12]}" if (ROOT / ".git").exists() else ""
        found = provenance.code_version().removesuffix(".dirty")
        assert found == f"{version}{commit}"

    def test_without_git_it_is_the_version(self, monkeypatch, tmp_path):
        """Where git cannot be run, no commit is made up."""
        monkeypatch.setenv("PATH", str(tmp_path))
        assert provenance.code_version() == metadata.version("crossnets")


class TestEnvironment:
    def test_versions_are_those_that_run(self):
        """Python, processors and packages are named as they are here."""
        found = provenance.environment()
        assert found["cpus"] == os.cpu_count()
        assert found["numpy"] == np.__version__
        assert found.keys() == {"python", "system", "cpus", *provenance.PACKAGES}

    def test_a_package_that_is_missing_is_none(self, monkeypatch):
        """A reader's environment, without Ray, is described all the same."""
        monkeypatch.setattr(provenance, "PACKAGES", ("no-such-distribution",))
        assert provenance.environment()["no-such-distribution"] is None

    def test_no_variable_of_the_environment_is_in_it(self, monkeypatch):
        """A secret that only a variable holds is in no value and no name."""
        monkeypatch.setenv("CROSSNETS_SECRET", "hunter2")
        text = str(provenance.environment())
        assert "hunter2" not in text
        assert "CROSSNETS_SECRET" not in text
