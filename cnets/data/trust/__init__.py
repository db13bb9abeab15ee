"""Does a data set look like what its labels say? Measures on frames and joints."""
