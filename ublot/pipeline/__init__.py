"""The stages composed."""
