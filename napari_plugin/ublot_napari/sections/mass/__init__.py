"""The mass scale and the marker's bands; the third section of the panel."""
