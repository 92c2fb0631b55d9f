"""Unmodified band, rungs, smear."""
