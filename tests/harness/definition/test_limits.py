"""Limits of the system under which Ray would end without a word for people."""

import resource
from types import SimpleNamespace

import pytest

from harness.definition import limits


def test_this_machine_will_do():
    """Nothing is refused where the other tests run."""
    limits.check()


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({}, "/tmp"),
        ({"TMPDIR": "/a"}, "/a"),
        ({"TMPDIR": "/a", "RAY_TMPDIR": "/b"}, "/b"),
    ],
)
def test_the_folder_of_sockets(monkeypatch, variables, folder):
    """As Ray decides."""
    for name in ("TMPDIR", "RAY_TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert limits.temporary_folder() == folder


def test_how_long_it_may_be():
    """A path of a socket has 107 bytes at most."""
    most = 107 - len(limits.INSIDE)
    assert not limits.is_too_long("/" + "x" * (most - 1))
    assert limits.is_too_long("/" + "x" * most)


def test_few_open_files(monkeypatch):
    """The number, and what to type."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (48, 4096))
    with pytest.raises(ValueError, match=r"256 or more a process, got 48: ulimit -n"):
        limits.check()


def test_little_shared_memory(monkeypatch):
    """As in a container without --shm-size."""
    found = SimpleNamespace(free=2**20)
    monkeypatch.setattr(limits.shutil, "disk_usage", lambda _: found)
    with pytest.raises(ValueError, match=r"/dev/shm must have 64 MiB .* got 1 MiB"):
        limits.check()
