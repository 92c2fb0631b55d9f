"""What a person gives besides pixels."""
