"""Lanes: the state of one trial each, and how they are stacked to run at once."""
