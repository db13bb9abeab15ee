"""The public names: what they are, and what opening the package costs."""

import subprocess
import sys
from importlib import resources

import pytest

import crossnets
from cnets.inference import models
from harness import finals, repeat, search
from harness.definition import options
from results import store


HOMES = {
    "Finals": finals.Finals,
    "Search": search.Search,
    "SearchOptions": options.SearchOptions,
    "Store": store.Store,
    "load": models.open_model,
    "open": store.Store.open,
    "rerun": finals.rerun,
    "search": search.search,
    "train": repeat.train,
}
"""Every public name, and what it stands for."""


def modules(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after running `code`."""
    probe = f"{code}\nimport sys\nprint(*{{n.split('.')[0] for n in sys.modules}})"
    words = [sys.executable, "-c", probe]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", HOMES)
def test_every_public_name_is_that_of_its_module(name):
    """A name of the package is the very thing that its module defines."""
    assert name in crossnets.__all__
    assert getattr(crossnets, name) == HOMES[name]


def test_there_are_no_more():
    """`dir` and `__all__` list what was compared above and nothing else."""
    assert dir(crossnets) == sorted(crossnets.__all__) == sorted(HOMES)


def test_another_name_is_an_attribute_error():
    """The error names the package and what was asked for."""
    with pytest.raises(AttributeError, match="'crossnets' has no attribute 'nope'"):
        crossnets.nope  # noqa: B018


def test_opening_is_light():
    """Importing the package loads neither the harness nor what it needs."""
    heavy = {"harness", "cnets", "results", "search_spaces", "ray", "torch", "optuna"}
    assert not modules("import crossnets") & heavy


def test_a_store_is_opened_without_ray_and_torch():
    """`crossnets.open` loads what reads a store, and nothing that trains."""
    assert not modules("import crossnets; crossnets.open") & {"harness", "torch", "ray"}
    assert "results" in modules("import crossnets; crossnets.open")


@pytest.mark.parametrize(
    "package", ["cnets", "crossnets", "harness", "results", "search_spaces"]
)
def test_every_package_says_that_it_is_typed(package):
    """A type checker reads a package's annotations where `py.typed` is there."""
    assert resources.files(package).joinpath("py.typed").is_file()
