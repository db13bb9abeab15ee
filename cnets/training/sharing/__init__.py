"""Names of pre-trainings, so that trials may share their products."""
