"""What happens next: proposals, early stopping, and the policy that joins them."""
