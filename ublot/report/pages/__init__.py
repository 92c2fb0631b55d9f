"""The pages: one blot, and a comparison."""
