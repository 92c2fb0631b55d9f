"""Figures and pages made of a finished analysis."""
