"""The five sections of the panel."""
