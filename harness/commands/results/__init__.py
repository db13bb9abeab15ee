"""The commands that read a store: the best trials, SQL, damage."""
