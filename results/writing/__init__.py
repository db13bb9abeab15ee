"""One writer a search: journal, spool, fencing, recovery, compaction."""
