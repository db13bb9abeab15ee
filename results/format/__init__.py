"""What lies on disk: names, schemas, segments, and the storage below them."""
