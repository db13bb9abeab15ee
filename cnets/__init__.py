"""Crossing Nets: the model, its data and its training, one trial or many lanes."""
