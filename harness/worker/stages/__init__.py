"""Pre-trainings that runs share."""
