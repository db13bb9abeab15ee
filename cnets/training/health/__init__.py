"""Health of a run: the figures that are measured, and the rules that judge them."""
