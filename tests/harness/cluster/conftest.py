"""A local Ray, and trials to run on it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from harness.cluster import connection


@pytest.fixture(scope="session")
def countdown() -> ModuleType:
    """The module `countdown.py`, which is in no package that a test could import."""
    path = Path(__file__).with_name("countdown.py")
    spec = importlib.util.spec_from_file_location("countdown", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["countdown"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def local_ray():
    """One local cluster of two cores for a whole file."""
    with connection.cluster(cpus=2):
        yield
