"""What is known of each trial, as rows of the store and as checkpoints that are kept."""
