"""How values look on a terminal and in files."""
