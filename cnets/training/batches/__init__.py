"""What every update of an epoch is fed: rows of the data, and noise."""
