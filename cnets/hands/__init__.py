"""Hands that are made here: their joints, their flesh, their images, a sensor's noise."""
