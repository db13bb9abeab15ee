"""One writer a search: journal, fencing, recovery, compaction."""
