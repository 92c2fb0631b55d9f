"""What each lane is; the second section of the panel."""
