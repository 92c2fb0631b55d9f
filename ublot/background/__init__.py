"""What is not protein."""
