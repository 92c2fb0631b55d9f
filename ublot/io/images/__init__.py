"""From image files to blots: a small module for each family of formats, and what their levels mean."""
