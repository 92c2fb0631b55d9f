"""Several blots together: compared, or a whole folder analysed; the sixth section of the panel."""
