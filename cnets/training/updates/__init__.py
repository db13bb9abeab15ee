"""The updates of the four stages, written for one lane, run on a stack."""
