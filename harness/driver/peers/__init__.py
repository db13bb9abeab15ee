"""What others decide with, as deciders: for comparisons under a simulated clock."""
