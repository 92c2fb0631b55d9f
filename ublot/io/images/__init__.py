"""Image formats to a linear signal: one small module per family, and the decisions about what levels mean."""
