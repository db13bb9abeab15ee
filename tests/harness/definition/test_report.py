"""What a worker answers, where it is not just figures."""

import dataclasses
import socket

from harness.definition.report import failed


def test_a_run_that_failed_outside_any_epoch():
    """It has the reason and this machine's name, and neither step nor figure."""
    report = failed("out of memory")
    assert report.failure == "out of memory"
    assert report.node == socket.gethostname()
    assert (report.step, report.epoch, report.seconds) == (0, 0, 0.0)
    assert (report.terms, report.metrics, report.final) == ({}, {}, {})
    assert not report.last


def test_notes_are_what_a_person_should_hear(make_report):
    """What was amiss at the start comes first, then what was not stored."""
    report = make_report(1, 20.0)
    assert report.notes == ()
    told = dataclasses.replace(
        report,
        restored=("a", "b"),
        unsaved=("c",),
        paid=("vae 3f2a91c0: trained here",),
    )
    assert told.notes == ("a", "b", "c")
