"""What a few final runs say, and how sure that is: plain numbers in and out.

Samples are small (three to ten seeds), so intervals and tests are Student's over the
seeds. SciPy and NumPy are loaded when they are needed: most readers of a store ask for
no interval.
"""
