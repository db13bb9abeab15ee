"""Fixtures shared by every test."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


REALDATA = Path(__file__).parents[2] / "shared" / "realdata"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --device cuda` runs the same tests on the GPU."""
    parser.addoption("--device", default="cpu")


@pytest.fixture
def device(request: pytest.FixtureRequest) -> torch.device:
    """Where the test's tensors live."""
    return torch.device(request.config.getoption("--device"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c() -> None:
    """A shell that runs the tests in the background has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _spool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves rows in the home folder when its store fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSNETS_SPOOL", str(tmp_path_factory.mktemp("spool")))
        yield


@pytest.fixture
def realdata() -> Path:
    """The folder of real data, which is not part of the project."""
    if not REALDATA.is_dir():
        pytest.skip("real data are missing: no folder ../shared/realdata")
    return REALDATA
