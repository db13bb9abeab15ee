"""The exit codes of every command; the README explains them to users."""

DONE = 0
"""What was asked for is done."""

FAILED = 1
"""It is done, but too much of it failed; or a search has not yet taken what it was asked
for."""

USAGE = 2
"""The command line or the configuration is wrong."""

STORAGE = 3
"""The store cannot be reached, or is damaged."""

UNFORESEEN = 70
"""A defect of the program; the traceback is in a log."""

INTERRUPTED = 130
"""A signal came; what is known is stored, and the same command goes on."""
