"""The training of one trial or of many lanes side by side."""
