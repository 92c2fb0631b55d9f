"""Array helpers that know nothing of blots."""
