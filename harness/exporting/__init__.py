"""What an export is made of: the model and its source, its figures, its card."""
