"""Banks: processes that own a device and train many lanes."""
