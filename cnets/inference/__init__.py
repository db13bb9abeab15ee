"""Trained models: read, run, exported, and drawn."""
