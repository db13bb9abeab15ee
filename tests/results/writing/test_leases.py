"""Whether an owner is at work: by its process here, by what it writes elsewhere."""

import os
import subprocess
import sys
import time

import pytest

from results.writing import leases
from results.writing.leases import Silence


class TestSilence:
    def test_the_same_content_for_longer_than_the_limit(self):
        """A content is too old once it was seen for the limit, and not before."""
        silence = Silence(0.2)
        assert not silence.is_too_long("a")
        assert not silence.is_too_long("a")
        time.sleep(0.25)
        assert silence.is_too_long("a")
        assert not silence.was_broken

    def test_a_new_content_breaks_it(self):
        """The time counts from the last new content, and that there was one is told."""
        silence = Silence(0.2)
        for content in ("a", "b", "a"):
            assert not silence.is_too_long(content)
            time.sleep(0.15)
        assert silence.was_broken
        time.sleep(0.1)
        assert silence.is_too_long("a")


class TestIsGone:
    def test_this_process(self):
        """It is not gone, and its numbers are those of the system."""
        owner = leases.here()
        assert owner["pid"] == os.getpid()
        assert leases.is_gone(owner) is False

    def test_ended(self):
        """A process that was fetched by its parent is gone."""
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as child:
            started = leases.process_start(child.pid)
            owner = leases.here() | {"pid": child.pid, "started": started}
            assert leases.is_gone(owner) is False
            child.communicate()
        assert leases.is_gone(owner) is True

    @pytest.mark.parametrize("given", [{"pid": 1}, {"started": None}])
    def test_another_start(self, given):
        """A number that was used again, or a start that nobody could tell, is gone."""
        assert leases.is_gone(leases.here() | given) is True

    @pytest.mark.parametrize(
        "given", [{"host": "elsewhere"}, {"started": "boot/1"}, {"pid": "1"}]
    )
    def test_out_of_sight(self, given):
        """Another host, another start of this one, and no number cannot be told."""
        assert leases.is_gone(leases.here() | given) is None
