"""Rungs and smear by deconvolution."""
