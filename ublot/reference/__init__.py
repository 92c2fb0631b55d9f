"""What is known beforehand: proteins, markers, potencies."""
