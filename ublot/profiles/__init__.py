"""Densitometry along each lane."""
