"""Relative to DMSO."""
