"""The commands that run a search: cost, start, state, finals, demonstration."""
