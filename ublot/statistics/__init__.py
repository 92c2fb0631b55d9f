"""Conditions and controls over blots."""
