"""Finding lanes."""
