"""What results say, in sentences: the rules and the words for them, in one place."""
