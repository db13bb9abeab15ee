"""Searches on Ray Tune: launch, query, rerun. `crossnets` has the public names."""
