"""One blot and its edits; no Qt."""
