"""Files that others wrote: depth frames, tables of labels, MATLAB files."""
