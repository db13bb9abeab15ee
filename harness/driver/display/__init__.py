"""A search as it runs, for people: on the terminal and in TensorBoard."""
