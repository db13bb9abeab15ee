"""A worker compares what it has with what its driver has."""

import dataclasses
from types import SimpleNamespace

import pytest

from harness.worker import admission
from harness.worker.admission import Unfit


@pytest.fixture
def wanted(tmp_path, monkeypatch):
    """What this process as a driver expects; waits for nothing."""
    monkeypatch.setattr(admission, "SEEN_WITHIN_S", 0.0)
    return admission.expected("f" * 64, tmp_path / "checkpoints/s")


def test_the_drivers_own_machine_fits(wanted, tmp_path):
    """Nothing is left behind but the probe."""
    admission.check(wanted)
    admission.check_data(SimpleNamespace(fingerprint="f" * 64, name="x"), wanted)
    left = [path.name for path in (tmp_path / "checkpoints/s").iterdir()]
    assert left == [admission.PROBE]


def test_nothing_is_asked_of_a_run_without_a_driver():
    """A run in this process expects nothing."""
    admission.check(None)
    admission.check_data(SimpleNamespace(fingerprint="other", name="x"), None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"code": "0" * 64}, r"its code of crossnets, in .*, is not the driver's"),
        (
            {"versions": {"Python": "3.9"}},
            r"it has Python 3\.\d+, and the driver has 3\.9",
        ),
        ({"token": "another"}, "is not what the driver wrote there"),
        ({"probe": "/nowhere/.probe"}, "is not what the driver wrote there"),
    ],
)
def test_what_differs_is_said(wanted, changes, why):
    """Other code, other versions, another store: each with the host's name."""
    with pytest.raises(Unfit, match=why) as caught:
        admission.check(dataclasses.replace(wanted, **changes, **fresh(changes)))
    assert str(caught.value).startswith(admission.UNFIT)


def fresh(changes: dict) -> dict:
    """A token that this process has not passed yet."""
    return {} if "token" in changes else {"token": "not yet"}


def test_other_data(wanted):
    """The data are named."""
    with pytest.raises(Unfit, match="the data under poses:x are not those"):
        admission.check_data(SimpleNamespace(fingerprint="g", name="poses:x"), wanted)


def test_a_store_that_cannot_be_written(wanted, monkeypatch):
    """Reading the probe is not enough."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(admission.Path, "write_text", refuse)
    with pytest.raises(Unfit, match="cannot be written: Permission denied"):
        admission.check(wanted)


def test_a_worker_is_asked_once(wanted, tmp_path):
    """A store that goes away later is waited for elsewhere."""
    admission.check(wanted)
    (tmp_path / "checkpoints/s" / admission.PROBE).unlink()
    admission.check(wanted)
