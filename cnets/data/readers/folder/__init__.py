"""A data set of any kind: a folder of frames, a table, and a description of both."""
