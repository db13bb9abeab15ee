"""The commands about a data set: make its crops, draw its frames."""
