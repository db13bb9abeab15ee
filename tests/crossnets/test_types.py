"""What a type checker of a user's sees of the public names; part of `make check`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


OURS = {"cnets", "crossnets", "harness", "results", "search_spaces"}


def symbols(folder) -> list[dict]:
    """Every name that the public ones lead to, as pyright has it."""
    found = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["pyright", "--outputjson", "--verifytypes", "crossnets"],
        cwd=folder,
        env=os.environ | {"PATH": found},
        check=False,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)["typeCompleteness"]["symbols"]


@pytest.mark.skipif("CROSSNETS_CHECK" not in os.environ, reason="make check runs it")
def test_nothing_that_the_public_names_lead_to_lacks_an_annotation(tmp_path):
    """With `--ignoreexternal` pyright looks at crossnets/__init__.py alone."""
    own = [s for s in symbols(tmp_path) if s["name"].split(".")[0] in OURS]
    assert sum(symbol["isExported"] for symbol in own) >= 9
    assert len(own) > 300
    lacking = [
        symbol["name"]
        for symbol in own
        if any("missing" in said["message"] for said in symbol["diagnostics"])
    ]
    assert lacking == []
