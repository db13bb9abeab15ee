"""One reader a data set: its files, its units, its splits; no crop is made here."""
