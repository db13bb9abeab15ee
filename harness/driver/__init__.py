"""What decides and records; the only place that imports Optuna."""
