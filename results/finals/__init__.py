"""The finals of a search as people read them: runs, their statistics, their table."""
