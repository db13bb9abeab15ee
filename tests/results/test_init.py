import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import results


PROJECT = Path(results.__file__).parents[1]


def modules_after(code):
    """Names of the modules that a fresh Python has loaded after the code."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nimport json, sys; print(json.dumps([*sys.modules]))",
        ],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )
    return set(json.loads(run.stdout))


class TestPackage:
    def test_opening_is_light(self):
        """Opening the package loads none of the libraries behind it."""
        heavy = {"pyarrow", "duckdb", "obstore", "numpy"}
        assert not modules_after("import results") & heavy

    def test_reading_needs_no_stack(self, tmp_path):
        """A store is made, written and asked without Ray, Optuna, torch or tyro."""
        code = (
            "from results import Store, queries, statistics\n"
            f"store = Store.open({str(tmp_path / 's')!r}, create=True)\n"
            "queries.query(store, 'SELECT count(*) FROM trials')"
        )
        heavy = {"ray", "optuna", "torch", "tyro", "rich", "pandas", "cnets", "harness"}
        assert not modules_after(code) & heavy

    @pytest.mark.parametrize("name", results.__all__)
    def test_every_public_name(self, name):
        """Each name of `__all__` can be had from the package."""
        assert getattr(results, name) is not None

    def test_no_other_name(self):
        """A name that is not public is an attribute error as in any module."""
        with pytest.raises(AttributeError, match="no attribute 'nope'"):
            results.nope  # noqa: B018
