"""Qt widgets that know no blot."""
