"""Marker bands to kDa."""
