"""Policies on curves that are known already, under a simulated clock."""
