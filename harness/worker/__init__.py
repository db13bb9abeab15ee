"""What runs in a worker: it trains a job and reports."""
