"""What a network sees, and what went wrong with a tensor that should have been it."""
