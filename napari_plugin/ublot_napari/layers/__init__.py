"""Napari layers; no Qt."""
