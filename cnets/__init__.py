"""Crossing Nets: the model, its data and its training, one trial or many lanes.

Importing the package is light; `cnets.config` needs neither torch nor numpy.
Start with `cnets.shapes`, then `cnets.training.bank`.
"""
