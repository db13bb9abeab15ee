"""Data sets: files, readers, crops, and `HandData`, which training sees of one."""
