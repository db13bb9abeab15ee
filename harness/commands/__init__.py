"""The command line: one module a command, which prints what others work out."""
