"""Results as objects and folders."""
