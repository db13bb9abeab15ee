import signal

from harness.commands import exit_codes


def test_each_end_has_a_code_of_its_own():
    """Scripts can tell them apart; an interruption is what a shell makes of Ctrl-C."""
    names = ("DONE", "FAILED", "USAGE", "STORAGE", "UNFORESEEN", "INTERRUPTED")
    codes = [getattr(exit_codes, name) for name in names]
    assert len(set(codes)) == len(codes)
    assert exit_codes.DONE == 0
    assert exit_codes.INTERRUPTED == 128 + signal.SIGINT
    assert all(0 <= code < 256 for code in codes)
