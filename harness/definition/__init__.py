"""Plain values of a search: no Ray, no Optuna, no torch."""
