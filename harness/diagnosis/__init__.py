"""What went wrong: whose mistake an error is, and the log that tells about it."""
