"""What makes two searches, two codes or two machines the same."""
